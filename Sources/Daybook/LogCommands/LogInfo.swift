import ArgumentParser
import DaybookModel
import SegmentLog
import Server

struct LogInfo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Print the log's segments.")

  @OptionGroup var data: DataOption
  @OptionGroup var partition: PartitionOption
  @OptionGroup var json: JSONOption

  func run() throws {
    let log = try data.open().reader()
    log.reportFindings()
    var output = StandardOutput()
    var table = TextTable([
      ("partition", .right), ("segment", .left), ("base offset", .right), ("next offset", .right),
      ("bytes used", .right), ("sealed", .left),
    ])
    for partition in try partition.partitions(of: log.partitionCount) {
      for segment in try log.segments(of: partition) {
        if json.isSet { try output.line(line(segment)) } else { table.add(cells(segment)) }
      }
    }
    if !json.isSet {
      for line in table.lines { try output.line(line) }
    }
    try output.flush()
    if log.isDamaged { throw ExitCode.failure }
  }

  private func line(_ segment: SegmentInfo) -> JSONLine {
    var line = JSONLine()
    line.set("partition", segment.partition.rawValue)
    line.set("segment", segment.segment)
    line.set("base_offset", segment.baseOffset.rawValue)
    line.set("next_offset", segment.nextOffset.rawValue)
    line.set("bytes_used", segment.bytesUsed)
    line.set("sealed", segment.sealed)
    return line
  }

  private func cells(_ segment: SegmentInfo) -> [String] {
    [
      "\(segment.partition)", segment.segment, "\(segment.baseOffset)", "\(segment.nextOffset)",
      "\(segment.bytesUsed)", segment.sealed ? "yes" : "no",
    ]
  }
}
