import ArgumentParser
import DaybookModel
import Partitions
import SegmentLog
import Server

struct LogVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read everything and check it: checksums, offsets, the chain, the indexes.",
    discussion: """
      Changes nothing. Tells also partitions that are of different moments, as in a copy that was \
      made file by file. The last line sums up; exits with 1 if something is wrong.
      """)

  @OptionGroup var data: DataOption
  @OptionGroup var partition: PartitionOption
  @OptionGroup var json: JSONOption

  func run() throws {
    let causes = CauseScanner(EventIndexer())
    let log = try data.open().reader(scanner: causes)
    let progress = RateProgress(unit: "bytes")
    let wanted = partition.index == nil ? nil : try partition.partitions(of: log.partitionCount)
    var report = try log.verify(partitions: wanted) {
      progress.show(done: $0.done, of: $0.total)
    }
    progress.end()
    let damaged = Set(report.faults.map(\.partition))
    for behind in log.behind(causes.moments) where !damaged.contains(behind.partition) {
      report.faults.append(LogFault(behind))
    }
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
    let file =
      fault.segment.isEmpty
      ? "" : "\(fault.segment), bytes \(fault.fromByte) to \(fault.toByte), "
    return "partition \(fault.partition), \(file)from offset \(fault.offset) on: "
      + Terminal.safe(fault.reason)
      + (fault.count > 1 ? " (and \(fault.count - 1) more like it up to there)" : "")
  }
}

extension LogFault {
  fileprivate init(_ behind: PartitionMoments.Behind) {
    self.init(
      partition: behind.partition, segment: "", fromByte: 0, toByte: 0, offset: behind.end,
      reason: "the partitions are of different moments: \(behind)")
  }
}

extension SegmentLogReader {
  /// Partitions that others are ahead of; those that are damaged are told as such.
  func behind(_ moments: PartitionMoments) -> [PartitionMoments.Behind] {
    moments.behind { partition in
      partition.index < partitionCount && !isDamaged(partition) ? end(of: partition) : nil
    }
  }
}
