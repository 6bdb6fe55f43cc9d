import ArgumentParser
import DaybookModel
import Projections

struct ProjectionVerify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compute the state hashes anew from all rows, and compare.",
    discussion: "Exits with 1 if something differs.")

  @OptionGroup var data: DataOption
  @OptionGroup var projection: ProjectionOption
  @OptionGroup var json: JSONOption

  func run() async throws {
    let name = try projection.projection()
    try await data.asking { data in
      try await data.queries.waitForHead()
      let verdicts = try data.projections.verify(name)
      var output = StandardOutput()
      var table = TextTable(ProjectionStatus.columns + [("verdict", .left)])
      for verdict in verdicts {
        if json.isSet {
          try output.line(line(verdict))
        } else {
          let faults = verdict.faults.joined(separator: "; ")
          table.add(verdict.status.cells + [verdict.isOK ? "ok" : faults])
        }
      }
      if !json.isSet {
        for line in table.lines { try output.line(line) }
      }
      try output.flush()
      if let wrong = verdicts.first(where: { !$0.isOK }) {
        throw DaybookError(
          .projectionDiffers,
          "\(wrong.status.name.rawValue): \(wrong.faults.joined(separator: "; ")): "
            + "build it anew with 'daybook projection rebuild'")
      }
    }
  }

  private func line(_ verdict: ProjectionVerdict) -> JSONLine {
    var line = verdict.status.json
    line.set("ok", verdict.isOK)
    line.set("recomputed_hash", verdict.recomputedHash)
    line.set("faults", verdict.faults)
    return line
  }
}
