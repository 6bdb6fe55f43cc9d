import ArgumentParser
import DaybookModel
import Files
import Projections
import SegmentLog
import Server

struct ProjectionRebuild: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild",
    abstract: "Build projections anew from the log.",
    discussion: """
      They are built beside the old ones, and take their place when they are complete. A rebuild \
      that was interrupted goes on where it was. No server may run on the folder meanwhile.
      """)

  @OptionGroup var data: DataOption
  @OptionGroup var projection: ProjectionOption
  @OptionGroup var json: JSONOption

  func run() throws {
    let name = try projection.projection()
    let folder = try data.open()
    let lock = try folder.lock()
    defer { lock.release() }
    let log = try folder.reader()
    try folder.keepFromOthers(OperatorLog.logger)
    let projections = ProjectionCatalog(
      folder: folder.projectionsPath, log: log, logger: OperatorLog.logger)
    let progress = ProgressLine()
    let outcomes = try projections.rebuild(name) { now in
      progress.show(
        done: now.events, of: now.total, "events", perSecond: now.eventsPerSecond,
        secondsLeft: now.secondsLeft)
    }
    progress.end()
    try report(outcomes)
  }

  private func report(_ outcomes: [RebuildOutcome]) throws {
    var output = StandardOutput()
    var table = TextTable(ProjectionStatus.columns + [("compared with the one before", .left)])
    for outcome in outcomes {
      if json.isSet {
        var line = outcome.status.json
        line.set("compared", outcome.comparison.name)
        line.set("resumed", outcome.resumed)
        try output.line(line)
      } else {
        let compared = outcome.comparison.name.split(separator: "_").joined(separator: " ")
        table.add(outcome.status.cells + [compared])
      }
    }
    if !json.isSet {
      for line in table.lines { try output.line(line) }
    }
    try output.flush()
    for outcome in outcomes {
      guard case .differs(let before) = outcome.comparison else { continue }
      throw DaybookError(
        .projectionDiffers,
        "\(outcome.status.name.rawValue) had the state hash \(before) at the same position before: "
          + "the rebuilt one has taken its place")
    }
  }
}

extension RebuildOutcome.Comparison {
  fileprivate var name: String {
    switch self {
    case .equal: "equal"
    case .differs: "differs"
    case .nothingToCompare: "nothing_to_compare"
    }
  }
}
