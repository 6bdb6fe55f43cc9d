package import DaybookModel
package import Logging
package import Metrics
package import NIOCore
import NIOPosix
package import Partitions
package import Ports
import SegmentLog

/// What of a server needs no clients: the log, the owners of its partitions with their relays, and the
/// read side, put together and taken apart in order.
package final class Backend: Sendable {
  package struct Places: Sendable {
    package let log: String
    package let snapshots: String
    /// Nil for no read side.
    package let projections: String?

    package init(log: String, snapshots: String, projections: String?) {
      self.log = log
      self.snapshots = snapshots
      self.projections = projections
    }

    /// Those of a folder that holds nothing else.
    package init(in folder: String, hasReadSide: Bool = true) {
      self.init(
        log: "\(folder)/log", snapshots: "\(folder)/state",
        projections: hasReadSide ? "\(folder)/projections" : nil)
    }
  }

  package struct Settings: Sendable {
    package var loops = 2
    package var policy = DecisionPolicy.standard
    package var readOnlyPartitions: Set<PartitionID> = []
    package var receiptsMembersMax: UInt64 = 1_000
    /// After so many events a partition's state is written down, however soon that is; nil: as usual.
    package var snapshotEvents: Int?
    /// How long a question waits for the projections.
    package var queryTimeout = Duration.seconds(5)

    package init() {}

    fileprivate var snapshotPolicy: SnapshotPolicy {
      snapshotEvents.map { SnapshotPolicy(events: $0, milliseconds: 0) } ?? .standard
    }
  }

  private let segments: SegmentedLog
  private let partitions: PartitionService
  private let readSide: ReadSide?
  /// What reads: questions, and what sessions do off their loops. One pool for all of it, so that no
  /// core is idle while somebody waits for an answer.
  private let reading = PoolWork()
  /// What owners do off their loops: loading, looking up, the relay's reading. Apart from
  /// questions, for commands and effects wait for it: however much is asked, who writes is not held up.
  private let owning = PoolWork()
  /// Snapshots, one at a time: a state of a million users takes seconds to write down.
  private let keeping = YieldingWork(name: "snapshots")
  private let loops: MultiThreadedEventLoopGroup

  /// Opens the log, which recovers it.
  convenience init(
    _ places: Places, _ settings: Settings, opening: OpeningContext, logger: Logger,
    metrics: any MetricsFactory
  ) throws {
    var options = SegmentLogOptions()
    options.readOnlyPartitions = settings.readOnlyPartitions
    let log = try SegmentedLog.open(
      in: places.log, options: options, scanner: EventIndexer(), opening: opening,
      logger: logger, metrics: metrics)
    self.init(log, places, settings, logger: logger, metrics: metrics)
  }

  /// The same, of a log that nobody else has.
  package convenience init(
    _ places: Places, _ settings: Settings = Settings(), logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory
  ) throws {
    try self.init(places, settings, opening: OpeningContext(), logger: logger, metrics: metrics)
  }

  private init(
    _ log: SegmentedLog, _ places: Places, _ settings: Settings, logger: Logger,
    metrics: any MetricsFactory
  ) {
    segments = log
    loops = MultiThreadedEventLoopGroup(numberOfThreads: settings.loops)
    let clock = SystemClock()
    var policy = settings.policy
    policy.receiptsMembersMax = Int(clamping: settings.receiptsMembersMax)
    partitions = PartitionService(
      log: log, snapshots: SnapshotFiles(folder: places.snapshots, seal: log.seal),
      snapshotPolicy: settings.snapshotPolicy, policy: policy, clock: clock,
      blocking: owning, keeping: keeping, group: loops, withoutRelay: settings.readOnlyPartitions,
      logger: logger, metrics: metrics)
    readSide = places.projections.map { [partitions, reading] folder in
      ReadSide(
        log: log, folder: folder, clock: clock, relay: partitions,
        receiptsMembersMax: settings.receiptsMembersMax, timeout: settings.queryTimeout,
        threads: reading, logger: logger, metrics: metrics)
    }
  }

  package var log: any OpenLog { segments }
  package var epoch: Epoch { segments.epoch }
  package var commands: any Commands { partitions }
  package var committed: any CommittedBatches { partitions }
  package var group: any EventLoopGroup { loops }
  /// For what reads and blocks.
  package var readers: any BlockingWork { reading }

  /// Throws `projection_behind` where there is no read side.
  package func queries() throws(DaybookError) -> any Queries & Inspection {
    guard let readSide else {
      throw DaybookError(.projectionBehind, "this backend has no projections")
    }
    return readSide.queries
  }

  /// Replays what the snapshots lack. Returns how many events that were. Throws as
  /// `PartitionService.start` does.
  @discardableResult
  package func start(
    isStopping: @escaping @Sendable () -> Bool = { false }
  ) async throws -> Int {
    readSide?.start(partitions)
    return try await partitions.start(isStopping: isStopping).replayed
  }

  /// The owners first, the log last.
  package func stop() async {
    await partitions.stop()
    await readSide?.stop()
    segments.close()
    keeping.stop()
    await owning.stop()
    await reading.stop()
    try? await loops.shutdownGracefully()
  }
}
