package import DaybookModel
package import Files
import Gateway
import Glibc
import Identity
import LogService
package import Logging
package import Metrics
package import Mirror
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
package import Partitions
package import Ports
import SegmentLog

/// The running whole: a backend with sessions in front of it.
package final class DaybookServer: Sendable {
  private let lock: FolderLock
  private let backend: Backend
  private let sessions: GatewaySessions
  private let listener: Listener
  private let certificates: TLSCertificates?
  private let certificateWatch: CertificateWatch?
  private let tlsFiles: TLSFiles?
  private let mirrors: [LogMirror]
  private let logService: LogServicePort
  private let tokens: TokenAuthority
  private let secretPath: String
  private let logger: Logger

  /// Opens the log, which recovers it. The lock is held as long as the server lives. With `tls`, lines can be
  /// of TLS; what is wrong with these files is said before the log is touched. Connections of `proxies`, addresses
  /// and networks with commas between, begin with what a proxy says of them.
  package init(
    folder: DataFolder, lock: FolderLock, loops: Int, policy: DecisionPolicy,
    readOnlyPartitions: Set<PartitionID>, mirrors: [MirrorSettings] = [], tls: TLSFiles? = nil,
    proxies: String? = nil, rates: RateLimits = RateLimits(), devices: DevicePolicy = .any,
    sessionBytesMax: Int = Limits.sessionBytesMax, logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory
  ) async throws {
    self.lock = lock
    self.logger = logger
    tlsFiles = tls
    let clock = SystemClock()
    let certificates = try tls.map { (files) throws(DaybookError) in
      try TLSCertificates(clock: clock) { () throws(DaybookError) in try files.read() }
    }
    self.certificates = certificates
    certificateWatch = certificates.map {
      CertificateWatch($0, clock: clock, logger: logger, metrics: metrics)
    }
    certificateWatch?.look()
    let trustedProxies = try proxies.map { (text) throws(DaybookError) in
      try TrustedProxies(parsing: text)
    }
    let secret = try Secret.load(at: folder.secretPath)
    var settings = Backend.Settings()
    settings.loops = loops
    settings.policy = policy
    settings.readOnlyPartitions = readOnlyPartitions
    settings.receiptsMembersMax = UInt64(folder.settings.receiptsMembersMax)
    let backend = try Backend(
      Backend.Places(
        log: folder.logPath, snapshots: folder.statePath, projections: folder.projectionsPath),
      settings, opening: DaybookServer.opening(folder, logger: logger), logger: logger,
      metrics: metrics)
    self.backend = backend
    tokens = await TokenAuthority(
      secret: secret, logID: backend.log.logID, now: { clock.now() })
    secretPath = folder.secretPath
    var options = GatewayOptions()
    options.rates = rates
    options.devices = devices
    options.proxies = trustedProxies
    options.sessionBytesMax = sessionBytesMax
    OpenFiles.raiseLimit()
    options.connectionsMax = { [partitions = backend.log.partitionCount] in
      OpenFiles.connectionsMax(partitions: partitions)
    }
    let queries = try backend.queries()
    sessions = GatewaySessions(
      group: backend.group, commands: backend.commands, committed: backend.committed,
      queries: queries, inspection: queries, tokens: tokens, clock: clock, logID: backend.log.logID,
      threads: backend.readers, options: options, logger: logger,
      metrics: metrics)
    listener = Listener(sessions, group: backend.group)
    logService = LogServicePort(
      FeedConditions(
        log: backend.log, committed: backend.committed, threads: backend.readers, clock: clock,
        positions: PositionFiles(folder: folder.positionsPath, seal: backend.log.seal)),
      tokens: tokens, logger: logger)
    self.mirrors = mirrors.map { settings in
      var conditions = LogMirror.Conditions()
      conditions.isPaused = { folder.isMirrorPaused(settings.topic) }
      conditions.givesWay = true
      return LogMirror(
        settings, log: MirroredLog(backend.log), conditions: conditions, clock: clock,
        logger: logger, metrics: metrics)
    }
  }

  private static func opening(_ folder: DataFolder, logger: Logger) -> OpeningContext {
    var opening = OpeningContext()
    opening.statements = { folder.durableStatements($0) }
    opening.willChange = { () throws(DaybookError) in try folder.raiseVersion() }
    opening.fenced = { error in
      // At once: whatever an orderly stop would still write belongs to the other owner now.
      logger.critical("\(error)", metadata: ["code": "\(error.code.name)"])
      _exit(1)
    }
    return opening
  }

  /// Replays what the snapshots lack, then lets clients in. Returns where it listens, with the ports that were
  /// chosen. Throws `StopSignal.Raised` soon after `isStopping` says that the process was told to stop
  /// meanwhile.
  package func start(
    _ lines: [ListenLine], isStopping: @escaping @Sendable () -> Bool
  ) async throws -> [ListenLine] {
    if isStopping() { throw StopSignal.Raised() }
    let replayed: Int
    do {
      replayed = try await backend.start(isStopping: isStopping)
    } catch {
      throw isStopping() ? StopSignal.Raised() : error
    }
    logger.info(
      "epoch \(backend.epoch): \(replayed) events replayed",
      metadata: ["epoch": "\(backend.epoch)", "replayed": "\(replayed)"])
    if isStopping() { throw StopSignal.Raised() }
    for mirror in mirrors { mirror.start(ended: mirrorEnded) }
    var open: [ListenLine] = []
    for line in lines { open.append(try await listen(line)) }
    if let certificateWatch {
      backend.group.any().scheduleRepeatedTask(
        initialDelay: CertificateWatch.interval, delay: CertificateWatch.interval
      ) { _ in certificateWatch.look() }
    }
    return open
  }

  private func listen(_ line: ListenLine) async throws -> ListenLine {
    let address = line.address
    precondition(!line.isTLS || certificates != nil, "a line of TLS needs certificates")
    let kind: Listener.Line =
      switch line.kind {
      case .tcp: .tcp
      case .webSocket(let origins): .webSocket(WebSocketOptions(origins: origins))
      }
    let tls = line.isTLS ? certificates : nil
    if let passed = line.passed {
      try await listener.start(kind, on: passed.descriptor, tls: tls)
      return line
    }
    let bound = try await listener.start(kind, host: address.host, port: address.port, tls: tls)
    var open = line
    open.address = ServerAddress(
      host: bound.ipAddress ?? address.host, port: bound.port ?? address.port)
    return open
  }

  /// Lets in who follows the log, by TLS where there are certificates and `isTLS`. Returns where it listens.
  /// After `start`. Throws `unreachable`.
  package func serveLog(_ address: ServerAddress, isTLS: Bool) async throws -> ServerAddress {
    let port = try await logService.start(
      host: address.host, port: address.port, tls: isTLS ? tlsFiles?.logServiceFiles : nil)
    return ServerAddress(host: address.host, port: port)
  }

  /// Clients are served all the same.
  private var mirrorEnded: @Sendable (DaybookError?) -> Void {
    { [logger] error in
      guard let error else { return }
      logger.error(
        "nothing is mirrored any more: \(error.message)", metadata: ["code": "\(error.code)"])
    }
  }

  /// Tells the operator how things stand.
  package func logStatus() async {
    let connections = await sessions.connectionCount()
    let log = backend.log
    let events = (0..<log.partitionCount).reduce(Int64(0)) { sum, index in
      let partition = PartitionID(index)
      return sum + log.highWatermark(of: partition).rawValue
        - log.startOffset(of: partition).rawValue
    }
    logger.info(
      "\(connections) connections, \(events) events in \(log.partitionCount) partitions, epoch \(backend.epoch)",
      metadata: [
        "connections": "\(connections)", "events": "\(events)", "epoch": "\(backend.epoch)",
      ])
  }

  /// What is cheaper asked for than counted is set as it is now.
  package func measure() { certificateWatch?.measure() }

  /// Limits of who may do how much, from now on.
  package func changeRates(to limits: RateLimits) { sessions.changeRates(to: limits) }

  /// Which of a user's devices may be connected together, for who connects from now on.
  package func changeDevices(to policy: DevicePolicy) { sessions.changeDevices(to: policy) }

  /// Whose tokens are taken besides those made with the folder's secret, from now on.
  package func trust(_ keys: TrustedKeys?) { tokens.trust(keys?.trusted) }

  /// Reads secret and certificates anew. A line for each change. Throws as `Secret.load` and
  /// `TLSCertificates.reload`; then both stay as they were.
  package func reload() async throws(DaybookError) -> [String] {
    let secret = try Secret.load(at: secretPath)
    var changes: [String] = []
    if let change = try certificates?.reload() { changes.append(change) }
    certificateWatch?.look()
    if await tokens.change(to: secret) {
      changes.append("the secret is another one: tokens made with the one before are good no more")
    }
    return changes
  }

  /// What is wrong with a process that had better be started anew; nil where nothing is known to be.
  package func fault() async -> String? {
    for loop in backend.group.makeIterator() where !(await DaybookServer.answers(loop)) {
      return "an event loop has not answered for 5 s"
    }
    return nil
  }

  /// The time is kept by a loop that is not the server's: its own may all stand.
  private static func answers(_ loop: any EventLoop) async -> Bool {
    await withCheckedContinuation { continuation in
      let isDecided = NIOLockedValueBox(false)
      let decide = { @Sendable (answer: Bool) in
        let isFirst = isDecided.withLockedValue { isDecided in
          defer { isDecided = true }
          return !isDecided
        }
        if isFirst { continuation.resume(returning: answer) }
      }
      let timer = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(
        in: loopPatience
      ) { decide(false) }
      loop.execute {
        timer.cancel()
        decide(true)
      }
    }
  }

  /// A loop that takes longer for what it does at once is no longer of use to anybody.
  private static let loopPatience = TimeAmount.seconds(5)

  /// Clients first, so that nobody is answered by half a server; the log last. Then the folder is
  /// free, whoever still knows of this server.
  package func stop() async {
    await listener.stop()
    await sessions.stop()
    await logService.stop()
    await stopMirrors()
    await backend.stop()
    lock.release()
    logger.info("stopped")
  }

  private func stopMirrors() async {
    for mirror in mirrors {
      await withCheckedContinuation { continuation in
        backend.readers.run {
          mirror.stop()
          continuation.resume()
        }
      }
    }
  }
}
