import ArgumentParser
import DaybookModel
import Ports
import Projections
import Server

struct ProjectionVerify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compute the state hashes anew from all rows, and compare.",
    discussion: """
      Changes nothing: a file that is damaged or missing is named, and stays as it is. One that has \
      not folded all of the log yet is right as far as it goes. Exits with 1 if something differs.
      """)

  @OptionGroup var data: DataOption
  @OptionGroup var projection: ProjectionOption
  @OptionGroup var json: JSONOption

  func run() async throws {
    let name = try projection.projection()
    try await data.asking(catchesUp: false) { data in
      if data.isServed { try await data.queries.waitForHead() }
      let verdicts = try data.projections.verify(name, isServed: data.isServed)
      var output = StandardOutput()
      var table = TextTable(ProjectionStatus.columns + [("verdict", .left)])
      for verdict in verdicts {
        if json.isSet { try output.line(line(verdict)) } else { table.add(cells(verdict)) }
      }
      if !json.isSet {
        for line in table.lines { try output.line(line) }
      }
      try output.flush()
      let wrong = verdicts.filter { !$0.isOK }
      guard !wrong.isEmpty else { return }
      let which = wrong.map { "\($0.path): \($0.faults.joined(separator: ", "))" }
      throw DaybookError(
        .projectionDiffers,
        "\(which.joined(separator: "; ")): 'daybook projection rebuild' makes "
          + "\(wrong.count == 1 ? "it" : "them") anew from the log, and so does starting the server "
          + "what it finds damaged")
    }
  }

  private func cells(_ verdict: ProjectionVerdict) -> [String] {
    let text =
      if !verdict.isOK {
        verdict.faults.joined(separator: "; ")
      } else if verdict.behind > 0 {
        "ok, \(verdict.behind) events behind the log"
      } else {
        "ok"
      }
    return (verdict.status?.cells ?? [verdict.name.rawValue, "-", "-", "-"]) + [text]
  }

  private func line(_ verdict: ProjectionVerdict) -> JSONLine {
    var line = verdict.status?.json ?? JSONLine()
    if verdict.status == nil {
      line.set("name", verdict.name.rawValue)
      let unknown: [StaticString] = ["checkpoint", "events", "state_hash"]
      for member in unknown { line.set(member, nil) }
    }
    line.set("ok", verdict.isOK)
    line.set("recomputed_hash", verdict.recomputedHash)
    line.set("behind", verdict.behind)
    line.set("faults", verdict.faults)
    return line
  }
}
