package import DaybookModel
package import Files
import Gateway
import Glibc
import Identity
import Logging
package import NIOCore
import NIOPosix
package import Partitions
import Ports
import Projections
import SegmentLog

/// The running whole: log, owners, projections and gateway, put together and taken apart in order.
package final class DaybookServer: Sendable {
  private let lock: FolderLock
  private let log: SegmentLog
  private let group: MultiThreadedEventLoopGroup
  private let pool: PoolWork
  private let partitions: PartitionService
  private let projections: ProjectionRuntime
  private let queries: QueryService
  private let sessions: GatewaySessions
  private let listener: TCPListener
  private let report: @Sendable (String) -> Void

  /// Opens the log, which recovers it. The lock is held as long as the server lives.
  /// `report` takes one line for the operator.
  package init(
    folder: DataFolder, lock: FolderLock, loops: Int, policy: DecisionPolicy,
    readOnlyPartitions: Set<PartitionID>,
    report: @escaping @Sendable (String) -> Void
  ) async throws {
    self.lock = lock
    self.report = report
    let secret = try Secret.load(at: folder.secretPath)
    var options = SegmentLogOptions()
    options.readOnlyPartitions = readOnlyPartitions
    log = try SegmentLog.open(
      in: folder.logPath, options: options, scanner: EventIndexer(),
      opening: DaybookServer.opening(folder, readOnlyPartitions, report: report))
    for finding in log.findings { report("\(finding)") }
    group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
    pool = PoolWork(threads: 2)
    let clock = SystemClock()
    let snapshots = SnapshotFiles(folder: folder.statePath, seal: log.seal)
    partitions = PartitionService(
      log: log, snapshots: snapshots, policy: policy, clock: clock,
      blocking: pool, group: group, withoutRelay: readOnlyPartitions, report: report)
    projections = ProjectionRuntime(
      log: log, folder: folder.projectionsPath, report: report)
    queries = QueryService(
      log: log, folder: folder.projectionsPath, clock: clock, runtime: projections,
      relay: partitions, receiptsMembersMax: UInt64(folder.settings.receiptsMembersMax))
    let tokens = await TokenAuthority(
      secret: secret, logID: log.logID, now: { clock.now() })
    var gatewayOptions = GatewayOptions()
    OpenFiles.raiseLimit()
    gatewayOptions.connectionsMax = { [partitions = log.partitionCount] in
      OpenFiles.connectionsMax(partitions: partitions)
    }
    sessions = GatewaySessions(
      group: group, commands: partitions, committed: partitions, queries: queries, tokens: tokens,
      clock: clock, logID: log.logID, options: gatewayOptions,
      logger: Logger(label: "gateway"))
    listener = TCPListener(sessions, group: group)
  }

  private static func opening(
    _ folder: DataFolder, _ readOnlyPartitions: Set<PartitionID>,
    report: @escaping @Sendable (String) -> Void
  ) -> SegmentLog.Opening {
    var opening = SegmentLog.Opening()
    opening.statements = { folder.durableStatements($0) }
    opening.willChange = { () throws(DaybookError) in try folder.raiseVersion() }
    opening.fenced = { error in
      // At once: whatever an orderly stop would still write belongs to the other owner now.
      report("\(error)")
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
    projections.start()
    partitions.subscribe(projections)
    let loaded: PartitionService.StartReport
    do {
      loaded = try await partitions.start(isStopping: isStopping)
    } catch {
      throw isStopping() ? StopSignal.Raised() : error
    }
    report("epoch \(log.epoch): \(loaded.replayed) events replayed")
    if isStopping() { throw StopSignal.Raised() }
    return try await listener.start(host: host, port: port)
  }

  /// Clients first, so that nobody is answered by half a server; the log last. Then the folder is
  /// free, whoever still knows of this server.
  package func stop() async {
    await listener.stop()
    await sessions.stop()
    await partitions.stop()
    queries.stop()
    await projections.stop()
    log.close()
    try? await pool.stop()
    try? await group.shutdownGracefully()
    lock.release()
    report("stopped")
  }
}
