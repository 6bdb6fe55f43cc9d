import ArgumentParser
import Bench

struct BenchMirror: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mirror",
    abstract: "Mirror a log into Kafka, beside librdkafka alone.",
    discussion: """
      events_per_s is catching up, from when the mirror knew where to begin until all was committed; \
      bare_events_per_s is what librdkafka does with the same records in the same transactions, the \
      better of a run before and one after. Lag is from when an event was due to be logged, --rate a \
      second, until it was known to be in the topic.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "Where Kafka's brokers are: HOST:PORT, several with commas between.")
  var brokers: String

  @Option(help: "Events to catch up with.")
  var events = 500_000

  @Option(help: "Producers that share the partitions.")
  var producers = 1

  @Option(help: "Events of one transaction.")
  var transactionEvents = 1_000

  @Option(help: "Events a second while the lag is measured.")
  var rate = 1_000

  @Option(help: "For how many seconds it is measured.")
  var seconds = 10

  func validate() throws {
    for (name, value) in [
      ("--events", events), ("--producers", producers), ("--transaction-events", transactionEvents),
      ("--rate", rate), ("--seconds", seconds),
    ] where value < 1 {
      throw ValidationError("\(name) is 1 or more")
    }
  }

  func run() async throws {
    let load = MirrorBench.Load(
      events: events, messageBytes: options.messageBytes, partitions: options.partitions,
      rate: rate, seconds: seconds)
    let bench = MirrorBench(
      brokers: brokers, load: load, producers: producers, transactionEvents: transactionEvents,
      logger: OperatorLog.logger)
    try await options.report(by: "events_per_s", bench.measure)
  }
}
