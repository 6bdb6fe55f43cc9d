import ArgumentParser
import DaybookModel
import Identity
import SegmentLog

/// Makes a data folder.
struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a data folder.",
    discussion: "The number of partitions is fixed for as long as the folder lives.")

  @Option(name: .customLong("data"), help: "Where to make it; there must be nothing yet.")
  var path: String

  @Option(help: "How many partitions the log has (1 to \(Limits.partitionsMax)).")
  var partitions = 8

  func validate() throws {
    guard (1...Limits.partitionsMax).contains(partitions) else {
      throw ValidationError("--partitions is 1 to \(Limits.partitionsMax), not \(partitions)")
    }
  }

  func run() throws {
    let folder = try Init.make(at: path, partitions: partitions)
    try printToStandardOutput("made \(folder.path) with \(partitions) partitions")
  }

  /// A data folder with its secret and an empty log. Throws as `DataFolder.create` does.
  static func make(at path: String, partitions: Int) throws(DaybookError) -> DataFolder {
    try DataFolder.create(at: path) { folder throws(DaybookError) in
      try Secret.create(at: folder.secretPath)
      try SegmentLog.create(in: folder.logPath, partitions: partitions)
    }
  }
}
