import ArgumentParser
import Bench

struct BenchSend: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Messages to groups over TCP, each answered when it is synced.",
    discussion: """
      The server is a process of its own on the same machine, with all projections on. Each \
      connection is a user's device, alone in groups of its own: its messages are pushed to it, and \
      acked. With --service it is a service's, which is pushed nothing. p50_us and so on are from \
      when a message was due to its answer. server_cpu_us_per_message is processor time, \
      wakeups_per_message how often one of its threads had waited and was woken, reads and writes \
      are calls on files and sockets; syscalls_per_message and syncs_per_message are counted with \
      perf, and not known where that is missing or may not.
      """)

  @OptionGroup var options: BenchOptions

  @OptionGroup var load: LoadOptions

  @Option(help: "Connections that send.")
  var connections = 1

  @Option(
    help: """
      Messages that a connection has unanswered at most; if not given 1, and with --rate \
      \(LoadWindow.paced).
      """)
  var window: Int?

  @Option(help: "Groups of each device, or of all services together.")
  var groups = 16

  @Flag(help: "Send as services, which follow nothing.")
  var service = false

  func validate() throws {
    guard (1...8_000).contains(connections) else {
      throw ValidationError("--connections is 1 to 8000")
    }
    if let window, !LoadWindow.range.contains(window) {
      throw ValidationError("--window is 1 to 512")
    }
    guard (1...1_000).contains(groups) else { throw ValidationError("--groups is 1 to 1000") }
  }

  func run() async throws {
    let bench = SendBench(
      partitions: options.partitions, messageBytes: options.messageBytes, connections: connections,
      window: window ?? (load.rate == nil ? 1 : LoadWindow.paced), groups: groups,
      isService: service, dropsRefused: load.dropRefused, offered: load.offered,
      logger: OperatorLog.logger)
    try await options.report(by: load.rate == nil ? "messages_per_s" : "p50_us", bench.measure)
  }
}
