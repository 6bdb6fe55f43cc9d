import ArgumentParser
import DaybookModel
import Ports
import Projections
import Server

struct ProjectionList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Print where the projections stand.",
    discussion: """
      The checkpoint is how much of the log a projection has, summed over the partitions. The \
      state hash is of its rows: two that were built from the same log have the same.
      """)

  @OptionGroup var data: DataOption
  @OptionGroup var projection: ProjectionOption
  @OptionGroup var json: JSONOption

  func run() async throws {
    let name = try projection.projection()
    try await data.asking { data in
      try await data.queries.waitForHead()
      var output = StandardOutput()
      var table = TextTable(ProjectionStatus.columns)
      for status in try data.projections.list(name) {
        if json.isSet { try output.line(status.json) } else { table.add(status.cells) }
      }
      if !json.isSet {
        for line in table.lines { try output.line(line) }
      }
      try output.flush()
    }
  }
}
