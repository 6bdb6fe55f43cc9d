import ArgumentParser
import DaybookModel
import Mirror
import SegmentLog
import Server

struct MirrorPlan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Say what the topics lack, and with --yes make them so.",
    discussion: """
      Without --yes nothing is changed. Exits with 1 while something is to be done, or can't be.
      """)

  @OptionGroup var data: DataOption
  @OptionGroup var kafka: KafkaOptions
  @OptionGroup var shape: ShapeOptions
  @OptionGroup var groups: GroupsOptions

  @Option(
    help: "How many brokers have each record, of topics that are made; 3 if there are so many.")
  var replicas: Int?

  @Flag(help: "Do what is to be done.")
  var yes = false

  @OptionGroup var json: JSONOption

  func validate() throws {
    if let replicas, !(1...32_767).contains(replicas) {
      throw ValidationError("--replicas is 1 to 32767, not \(replicas)")
    }
  }

  func run() throws {
    let log = try data.open().reader()
    log.reportFindings()
    let settings = try kafka.settings { settings throws(DaybookError) in
      settings.shape = try shape.shape()
      settings.groupsTopic = groups.topic(beside: settings.topic)
    }
    let planner = try MirrorPlanner(
      settings, log: log.mirrored, replicas: replicas, logger: OperatorLog.logger)
    let plans = try planner.plans()
    let isPossible = plans.allSatisfy(\.isPossible)
    var output = StandardOutput()
    for plan in plans {
      if json.isSet { try output.line(line(plan)) } else { try print(plan, to: &output) }
    }
    try output.flush()
    guard isPossible else { throw ExitCode.failure }
    guard !plans.allSatisfy(\.isFine) else { return }
    guard yes else {
      if !json.isSet { printToStandardError("nothing was changed: --yes does it") }
      throw ExitCode.failure
    }
    for plan in plans { try planner.carryOut(plan) }
    if !json.isSet { printToStandardError("done") }
  }

  private func print(_ plan: TopicPlan, to output: inout StandardOutput) throws {
    if plan.steps.isEmpty { try output.line("\(plan.topic): as it has to be") }
    for step in plan.steps { try output.line("\(plan.topic): \(text(step))") }
  }

  private func text(_ step: TopicPlan.Step) -> String {
    switch step {
    case .make(let partitions, let replicas):
      "to be made; partitions: \(partitions), replicas: \(replicas)"
    case .set(let name, let value, nil): "\(name)=\(value)"
    case .set(let name, let value, let was?): "\(name) is \(was), to be \(value)"
    case .wrong(let what): "WRONG: \(what)"
    case .advice(let what): "note: \(what)"
    }
  }

  private func line(_ plan: TopicPlan) -> JSONLine {
    var line = JSONLine()
    line.set("topic", plan.topic)
    line.set("fine", plan.isFine)
    line.set("possible", plan.isPossible)
    line.set("changed", yes && plan.isPossible && !plan.isFine)
    line.set("steps", plan.steps.map { text($0) })
    return line
  }
}
