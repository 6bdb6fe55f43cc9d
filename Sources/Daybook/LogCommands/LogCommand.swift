import ArgumentParser
import DaybookModel
import SegmentLog

struct LogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Look at the log, beside a running server or without one.",
    subcommands: [LogInfo.self, LogDump.self, LogVerify.self])
}

struct PartitionOption: ParsableArguments {
  @Option(name: .customLong("partition"), help: "Only this partition (0 is the first).")
  var index: Int?

  /// The one that was asked for, or all. Throws `invalid_argument` for one that there isn't.
  func partitions(of count: Int) throws(DaybookError) -> [PartitionID] {
    guard let index else { return (0..<count).map { PartitionID($0) } }
    guard (0..<count).contains(index) else {
      throw DaybookError(
        .invalidArgument, "--partition is 0 to \(count - 1) in this log, not \(index)")
    }
    return [PartitionID(index)]
  }
}
