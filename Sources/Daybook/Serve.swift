import ArgumentParser
import DaybookModel
import Files
import Glibc
import Logging
import Metrics
import Mirror
import NIOCore
import Partitions
import SegmentLog
import Server

/// Runs the server until it is told to stop.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run Daybook on a data folder, until SIGINT or SIGTERM.",
    discussion: """
      Prints 'listening on HOST:PORT' on standard output once clients can connect, a line for each \
      address, with '(tls)', '(ws)' or '(wss)' behind it where that is spoken. What an \
      operator should know goes to standard error. A signal to stop is obeyed in order, also while the \
      server starts: no more clients are let in, what was asked is answered, and each client is told \
      when to come again; a second one ends the process at once. SIGUSR1 logs how things stand. SIGHUP \
      reads files anew that may have changed, and logs what has.
      """)

  @OptionGroup var data: DataOption

  @OptionGroup var log: LogOptions

  @OptionGroup var listen: ListenOptions

  @Option(
    help: """
      Threads for connections and partitions; if not given, one less than cores, which leaves one to \
      the log, projections and questions.
      """)
  var loops: Int?

  @Option(
    help: """
      For how long authors may recall what they sent: 90d, 12h, 1h30m, 1w2d, or seconds; 0: they \
      may not. Moderators may.
      """, transform: TimeSpan.parse)
  var recallLimit = TimeSpan(seconds: 86_400)

  @Flag(
    help: "Do not tell users that they were blocked: what they send seems sent, and goes nowhere.")
  var hideBlocks = false

  @Option(
    name: .customLong("read-only-partitions"),
    help: """
      Partitions, as numbers with commas between, that are served as they are and take nothing \
      new, such as one that was restored from an older copy than the others.
      """)
  var readOnlyPartitions = ""

  @Option(
    help:
      "A file that says into which topic of Kafka the log is mirrored; may be given several times.",
    completion: .file())
  var mirror: [String] = []

  @Option(
    help: """
      Addresses and networks, with commas between (10.0.0.7,10.1.0.0/16,fd00::/8), of proxies that say whose a \
      connection is, by the PROXY protocol of version 2: all of their connections have to begin with that.
      """)
  var proxyFrom: String?

  @Option(
    help: """
      Bytes that a session may have in memory of what it is sent and sends, beside the system's buffers: \
      as many connections as there are may take so much.
      """)
  var sessionBytesMax = Limits.sessionBytesMax

  @Option(
    help: """
      A file with what may change while the server runs: the log's level, limits of what an address, a user \
      or a connection may do, and which of a user's devices may be there together. Read anew on SIGHUP.
      """, completion: .file())
  var settings: String?

  @Option(
    help: """
      Where to answer operators over HTTP, HOST:PORT: /metrics (Prometheus), /healthz, /readyz. Without a \
      password: on a loopback or private address.
      """)
  var metrics: String?

  func validate() throws {
    guard recallLimit.seconds <= Serve.recallLimitMax else {
      throw ValidationError(
        "--recall-limit is 0 to \(TimeSpan(seconds: Serve.recallLimitMax)), not \(recallLimit)")
    }
    guard Serve.sessionBytes.contains(sessionBytesMax) else {
      throw ValidationError("--session-bytes-max is 8192 to 16777216")
    }
    if let loops, !(1...256).contains(loops) { throw ValidationError("--loops is 1 to 256") }
  }

  private static let sessionBytes = 8_192...16_777_216
  /// A hundred years.
  private static let recallLimitMax: Int64 = 3_155_760_000

  private var policy: DecisionPolicy {
    DecisionPolicy(
      recallLimitMilliseconds: UInt64(recallLimit.seconds) * 1000, hidesBlocks: hideBlocks)
  }

  private func readOnly(_ folder: DataFolder) throws(DaybookError) -> Set<PartitionID> {
    let count = try SegmentLogReader.describe(folder.logPath).partitionCount
    var partitions: Set<PartitionID> = []
    for text in readOnlyPartitions.split(separator: ",") {
      guard let index = Int(text.filter { $0 != " " }), (0..<count).contains(index) else {
        throw DaybookError(
          .invalidArgument,
          "--read-only-partitions takes numbers from 0 to \(count - 1), not '\(text)'")
      }
      partitions.insert(PartitionID(index))
    }
    return partitions
  }

  func run() async throws {
    // Before anything that takes its time.
    let stop = StopSignal([SIGINT, SIGTERM])
    let lines = try listen.lines(try PassedSockets.take())
    let current = try await SettingsInUse(settings, level: log.level)
    let requests = OperatorRequests(OperatorLog.logger) { try await current.reload($0) }
    let operations = try metrics.map {
      (try ServerAddress(parsing: $0), Operations(OperatorLog.logger))
    }
    do {
      if let (address, operations) = operations {
        let bound = try await operations.start(address)
        let listening = ServerAddress(
          host: bound.ipAddress ?? address.host, port: bound.port ?? address.port)
        OperatorLog.logger.info(
          "metrics and health are at http://\(listening)", metadata: ["address": "\(listening)"])
      }
      try await serve(lines, until: stop, requests, operations?.1, current)
    } catch is StopSignal.Raised {
    } catch {
      await operations?.1.stop()
      throw error
    }
    await operations?.1.stop()
  }

  private func serve(
    _ lines: [ListenLine], until stop: StopSignal, _ requests: OperatorRequests,
    _ operations: Operations?,
    _ current: SettingsInUse
  ) async throws {
    var mirrors: [MirrorSettings] = []
    for path in mirror { mirrors.append(try MirrorFile.read(path)) }
    let folder = try data.open()
    let lock = try await Serve.lock(folder, unless: stop)
    // Nothing is changed before the log is known to be one that this program can read.
    let readOnly = try readOnly(folder)
    try folder.keepFromOthers(OperatorLog.logger)
    for line in lines where line.passed == nil { try ListenProbe.check(line.address) }
    if let (address, _) = try listen.logServiceLine() { try ListenProbe.check(address) }
    OperatorLog.logger.info(
      "daybook \(Version.text) starts on \(folder.path)",
      metadata: ["version": "\(Version.text)", "path": "\(folder.path)", "pid": "\(getpid())"])
    let server = try await DaybookServer(
      folder: folder, lock: lock, loops: loops ?? max(1, System.coreCount - 1), policy: policy,
      readOnlyPartitions: readOnly, mirrors: mirrors, tls: listen.files,
      proxies: proxyFrom, rates: current.rates, devices: current.devices,
      sessionBytesMax: sessionBytesMax,
      logger: OperatorLog.logger, metrics: operations?.metrics ?? MetricsSystem.factory)
    server.trust(current.trustedAtStart)
    do {
      let listening = try await server.start(lines, isStopping: { stop.wasRaised })
      let followed = try await serveLog(server)
      requests.serves(server)
      operations?.serves(server)
      ServiceNotice.isReady()
      for line in listening {
        OperatorLog.logger.info(
          "clients can connect to \(line)", metadata: ["address": "\(line.address)"])
      }
      // Together: whoever waits for the first line has them all.
      try printToStandardOutput(
        (listening.map { "listening on \($0)" } + followed).joined(separator: "\n"))
    } catch {
      await server.stop()
      throw error
    }
    await stop.wait()
    operations?.drains()
    ServiceNotice.isStopping()
    await server.stop()
  }

  /// Returns a line for standard output, if there is such a service.
  private func serveLog(_ server: DaybookServer) async throws -> [String] {
    guard let (address, isTLS) = try listen.logServiceLine() else { return [] }
    let bound = try await server.serveLog(address, isTLS: isTLS)
    OperatorLog.logger.info(
      "services can follow the log at \(bound)", metadata: ["address": "\(bound)"])
    return ["listening on \(bound) (log\(isTLS ? ", tls" : ""))"]
  }

  /// A query on a stopped server holds the folder for a moment: a server that is started just then
  /// waits for it.
  private static func lock(
    _ folder: DataFolder, unless stop: StopSignal
  ) async throws -> FolderLock {
    for _ in 0..<20 {
      try stop.check()
      let attempt = Result { () throws(DaybookError) in try folder.lock() }
      guard case .failure(let error) = attempt, error.code == .dataFolderInUse else {
        return try attempt.get()
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    try stop.check()
    return try folder.lock()
  }
}
