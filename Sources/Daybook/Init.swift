import ArgumentParser
import DaybookModel
import Server

/// Makes a data folder.
struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a data folder.",
    discussion: "The number of partitions is fixed for as long as the folder lives.")

  @Option(
    name: .customLong("data"),
    help: "Where to make it; there must be nothing yet. Without it, what DAYBOOK_DATA says.",
    completion: .directory)
  var given: String?

  @Option(help: "How many partitions the log has (1 to \(Limits.partitionsMax)).")
  var partitions = 8

  @Option(
    help: "Members of a group up to which it is told who has read a message; 0 tells of none.")
  var receiptsMembersMax = DataFolder.Settings().receiptsMembersMax

  private var path: String { given ?? Setting.data.fromEnvironment ?? "" }

  func validate() throws {
    guard !path.isEmpty else {
      throw ValidationError("say where to make the data folder: --data, or DAYBOOK_DATA")
    }
    guard DataFolder.Settings.receiptsMembersRange.contains(receiptsMembersMax) else {
      throw ValidationError(
        "--receipts-members-max is 0 to \(Limits.groupMembersMax), not \(receiptsMembersMax)")
    }
    guard (1...Limits.partitionsMax).contains(partitions) else {
      throw ValidationError("--partitions is 1 to \(Limits.partitionsMax), not \(partitions)")
    }
  }

  func run() throws {
    var settings = DataFolder.Settings()
    settings.receiptsMembersMax = receiptsMembersMax
    let folder = try DataFolder.make(at: path, partitions: partitions, settings: settings)
    try printToStandardOutput("made \(folder.path) with \(partitions) partitions")
  }
}
