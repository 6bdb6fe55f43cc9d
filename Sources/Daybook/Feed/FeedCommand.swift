import ArgumentParser
import DaybookFeed
import DaybookModel
import DaybookSDK
import Logging

/// Prints a log's events as a service follows them.
struct FeedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "feed",
    abstract: "Follow a running server's log, from any point.",
    discussion: """
      Events of one partition come in their order, those of several as they come. Goes on with what is \
      logged, until Ctrl-C; a server that is away for a while is waited for. Needs a service's token, and \
      a server that was started with --log-service.
      """)

  @Option(
    help: "The log's service, as HOST:PORT or tls://HOST:PORT; without it, what DAYBOOK_LOG says.")
  var log: String?

  @OptionGroup var tls: TLSOption

  @OptionGroup var token: TokenOption

  @Option(help: "Events of this stream, user/ID or group/ID; may be given several times.")
  var stream: [String] = []

  @Option(help: "Events of this partition; may be given several times.")
  var partition: [Int] = []

  @Option(help: "Kinds of events with commas between: message_sent,message_edited.")
  var kinds: String?

  @Option(
    help: """
      Where to begin: start, now, a time (2026-01-31T09:00:00Z, or 1h: so long ago), an offset, a \
      position that was printed, or @NAME for one that the server keeps.
      """)
  var from = "start"

  @Option(
    name: .customLong("save-as"),
    help: """
      Let the server keep how far this has come, under this name: each second, and at the end. If there is \
      one, it is where to begin, unless --from says otherwise.
      """)
  var name: String?

  @Flag(name: .customLong("until-head"), help: "Stop where the log ends now.")
  var untilHead = false

  @Flag(help: "Print what was written too.")
  var contents = false

  @OptionGroup var json: JSONOption

  func validate() throws {
    guard log ?? Setting.log.fromEnvironment != nil else {
      throw ValidationError("say which log: --log HOST:PORT, or DAYBOOK_LOG")
    }
    guard partition.allSatisfy({ $0 >= 0 }) else {
      throw ValidationError("--partition is a number, 0 or more")
    }
  }

  func run() async throws {
    let token = try token.text()
    let server = log ?? Setting.log.fromEnvironment ?? ""
    let feed = try await asDaybook {
      try FeedClient(
        server: server, tls: tls.settings(isInAddress: server.hasPrefix("tls://")), token: token)
    }
    var selection = FeedSelection()
    selection.streams = stream
    selection.partitions = partition
    selection.kinds = kinds?.split(separator: ",").map { $0.filter { $0 != " " } } ?? []
    let printer = FeedPrinter(feed, savingAs: name, withContents: contents, asJSON: json.isSet)
    do {
      // Now, a server that isn't there is said; later it is waited for.
      _ = try await feed.describe()
      let start = try await start(feed)
      try printer.begin()
      try await feed.follow(from: start, selection, untilHead: untilHead) { error in
        OperatorLog.logger.warning("waiting for the log's service: \(error.message)")
      } _: { item in
        try await printer.take(item)
      }
      try await printer.end()
    } catch let error as ClientError {
      await feed.close()
      throw error.asDaybookError
    }
    await feed.close()
  }

  private func start(_ feed: FeedClient) async throws -> FeedStart {
    if let name, from == "start" {
      do throws(ClientError) {
        return .position(try await feed.position(name))
      } catch  where error.code == .positionNotFound {
        return .beginning
      }
    }
    return try FeedOrigin.parse(from)
  }
}

/// What the SDK throws comes out as what the CLI reports.
private func asDaybook<Value>(_ body: () throws -> Value) async throws -> Value {
  do {
    return try body()
  } catch let error as ClientError {
    throw error.asDaybookError
  }
}
