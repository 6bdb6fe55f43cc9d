import ArgumentParser
import DaybookModel
import Projections

struct ProjectionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "projection",
    abstract: "Look at the read models, check them, build them anew.",
    subcommands: [ProjectionList.self, ProjectionVerify.self, ProjectionRebuild.self])
}

struct ProjectionOption: ParsableArguments {
  @Option(
    help: "Only this one: \(ProjectionName.allCases.map(\.rawValue).joined(separator: ", ")).")
  var name: String?

  /// Nil for all. Throws `invalid_argument` for one that there isn't.
  func projection() throws(DaybookError) -> ProjectionName? {
    guard let name else { return nil }
    guard let projection = ProjectionName(rawValue: name) else {
      let names = ProjectionName.allCases.map(\.rawValue).joined(separator: ", ")
      throw DaybookError(.invalidArgument, "--name is one of \(names), not '\(name)'")
    }
    return projection
  }
}

extension ProjectionStatus {
  /// The members that all commands about projections print.
  var json: JSONLine {
    var line = JSONLine()
    line.set("name", name.rawValue)
    line.set("checkpoint", checkpoint)
    line.set("events", events)
    line.set("state_hash", stateHash)
    return line
  }

  var cells: [String] { [name.rawValue, "\(checkpoint)", "\(events)", stateHash] }

  static let columns: [(String, TextTable.Alignment)] = [
    ("name", .left), ("checkpoint", .right), ("events", .right), ("state hash", .left),
  ]
}
