package import DaybookModel
package import Files
import Gateway
import Glibc
import Identity
package import Logging
package import Metrics
package import Mirror
package import NIOCore
package import Partitions
import Ports
import SegmentLog

/// The running whole: a backend with sessions in front of it.
package final class DaybookServer: Sendable {
  private let lock: FolderLock
  private let backend: Backend
  private let sessions: GatewaySessions
  private let listener: Listener
  private let mirrors: [LogMirror]
  private let logger: Logger

  /// Opens the log, which recovers it. The lock is held as long as the server lives.
  package init(
    folder: DataFolder, lock: FolderLock, loops: Int, policy: DecisionPolicy,
    readOnlyPartitions: Set<PartitionID>, mirrors: [MirrorSettings] = [], logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory
  ) async throws {
    self.lock = lock
    self.logger = logger
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
    let clock = SystemClock()
    let tokens = await TokenAuthority(
      secret: secret, logID: backend.log.logID, now: { clock.now() })
    var options = GatewayOptions()
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

  /// Replays what the snapshots lack, then lets clients in. Returns where it listens. Throws
  /// `StopSignal.Raised` soon after `isStopping` says that the process was told to stop meanwhile.
  package func start(
    host: String, port: Int, isStopping: @escaping @Sendable () -> Bool
  ) async throws -> SocketAddress {
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
    return try await listener.start(.tcp, host: host, port: port)
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

  /// Clients first, so that nobody is answered by half a server; the log last. Then the folder is
  /// free, whoever still knows of this server.
  package func stop() async {
    await listener.stop()
    await sessions.stop()
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
