import ArgumentParser
import DaybookModel
import Logging
import Mirror
import SegmentLog
import Ports
import Server

/// Mirrors until it is told to stop.
struct MirrorRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Mirror the log into Kafka, until SIGINT, SIGTERM or SIGHUP.",
    discussion: """
      Begins where the topic is. What has failed is tried again, and nothing is lost or doubled by \
      it. A second mirror of the same log into the same topic ends the first one. Make the topics \
      with 'daybook mirror plan' before.
      """)

  @OptionGroup var data: DataOption
  @OptionGroup var kafka: KafkaOptions
  @OptionGroup var shape: ShapeOptions
  @OptionGroup var groups: GroupsOptions

  @Option(
    help: """
      Where a topic that has nothing yet begins: an offset, in each partition, or 'head' for what is \
      logged from now on. Without it, at the beginning of the log.
      """)
  var from: String?

  @Option(
    help: "Producers that share the partitions. More may be faster; a change takes effect at once.")
  var producers = 1

  @Option(help: "Events of one transaction at most.")
  var transactionEvents = 1_000

  @Flag(help: "End when all is mirrored that was logged when this began.")
  var untilHead = false

  @Flag(
    help: """
      Do without transactions: what is on its way when the mirror or a broker dies may come twice. For \
      brokers that have no transactions, which is noticed, or may not be asked for any.
      """)
  var atLeastOnce = false

  @OptionGroup var json: JSONOption

  private func settings() throws(DaybookError) -> MirrorSettings {
    try kafka.settings { settings throws(DaybookError) in
      settings.shape = try shape.shape()
      settings.groupsTopic = groups.topic(beside: settings.topic)
      settings.producers = producers
      settings.transactionEventsMax = transactionEvents
      settings.isAtLeastOnce = atLeastOnce
      if let from { settings.begins = try MirrorRun.beginning(from) }
    }
  }

  static func beginning(_ text: String) throws(DaybookError) -> MirrorSettings.Beginning {
    if text == "head" { return .atHead }
    guard let offset = Int64(text), offset >= 0 else {
      throw DaybookError(
        .invalidArgument, "--from is an offset, 0 or more, or 'head', not '\(text)'")
    }
    return .at(Offset(offset))
  }

  func run() async throws {
    let stop = StopSignal()
    let settings = try settings()
    let folder = try data.open()
    let log = try folder.reader()
    log.reportFindings()
    var conditions = LogMirror.Conditions()
    conditions.endsAtHead = untilHead
    conditions.givesUpAtStart = true
    conditions.isPaused = { folder.isMirrorPaused(settings.topic) }
    let mirror = LogMirror(
      settings, log: log.mirrored, conditions: conditions, clock: SystemClock(),
      logger: OperatorLog.logger)
    let (ends, ended) = AsyncStream<DaybookError?>.makeStream()
    mirror.start { error in
      ended.yield(error)
      ended.finish()
    }
    let stopping = Task {
      await stop.wait()
      mirror.stop()
    }
    let showing = Task { try await show(mirror, of: log) }
    var failure: DaybookError?
    for await error in ends { failure = error }
    showing.cancel()
    stopping.cancel()
    if let failure { throw failure }
    OperatorLog.logger.info("\(mirror.progress.events) events were mirrored")
  }

  /// How far it is, on standard error.
  private func show(_ mirror: LogMirror, of log: any LogFeed) async throws {
    let progress = RateProgress(unit: "events")
    while true {
      try await Task.sleep(for: .milliseconds(200))
      let positions = mirror.progress.positions
      let behind = positions.reduce(UInt64(0)) { $0 + log.lag(of: $1.key, at: $1.value) }
      let done = mirror.progress.events
      if !positions.isEmpty { progress.show(done: done, of: done + behind) }
    }
  }
}
