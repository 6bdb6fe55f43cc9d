import ArgumentParser
import DaybookModel
import SegmentLog

struct LogVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read everything and check it: checksums, offsets, the chain, the indexes.",
    discussion: "Changes nothing. The last line sums up; exits with 1 if something is wrong.")

  @OptionGroup var data: DataOption
  @OptionGroup var partition: PartitionOption
  @OptionGroup var json: JSONOption

  func run() throws {
    let log = try data.open().reader()
    let progress = RateProgress(total: try eventCount(log), unit: "events")
    let wanted = partition.index == nil ? nil : try partition.partitions(of: log.partitionCount)
    let report = try log.verify(partitions: wanted) { progress.show(done: UInt64($0)) }
    progress.end()
    var output = StandardOutput()
    if json.isSet {
      try output.line(line(report))
    } else {
      for fault in report.faults { try output.line(text(fault)) }
      let count = report.faults.reduce(0) { $0 + $1.count }
      let verdict = report.ok ? "ok" : count == 1 ? "1 fault" : "\(count) faults"
      try output.line(
        "\(verdict): \(report.events) events in \(report.partitions) partitions")
    }
    try output.flush()
    guard report.ok else { throw ExitCode.failure }
  }

  /// Only for the progress: of a damaged log it may be wrong.
  private func eventCount(_ log: SegmentLogReader) throws -> UInt64 {
    try partition.partitions(of: log.partitionCount).reduce(0) {
      $0 + UInt64(log.highWatermark(of: $1).rawValue)
    }
  }

  private func line(_ report: VerifyReport) -> JSONLine {
    var line = JSONLine()
    line.set("ok", report.ok)
    line.set("events", report.events)
    line.set("partitions", report.partitions)
    let faults = report.faults.map { fault in
      var line = JSONLine()
      line.set("partition", fault.partition.rawValue)
      line.set("segment", fault.segment)
      line.set("from_byte", fault.fromByte)
      line.set("to_byte", fault.toByte)
      line.set("offset", fault.offset.rawValue)
      line.set("reason", fault.reason)
      line.set("count", fault.count)
      return line
    }
    line.set("faults", faults)
    return line
  }

  private func text(_ fault: LogFault) -> String {
    "partition \(fault.partition), \(fault.segment), bytes \(fault.fromByte) to \(fault.toByte), "
      + "from offset \(fault.offset) on: \(Terminal.safe(fault.reason))"
      + (fault.count > 1 ? " (and \(fault.count - 1) more like it up to there)" : "")
  }
}
