import DaybookModel
import Doubles
import DaybookSchema
import Logging
import NIOCore
import Ports
import WireProtocol

@testable import Gateway
@testable import Partitions

/// One life of the server: real owners and relays, two to a loop, and real gateway loops with their
/// sessions, registry and router; only what they stand on is simulated. It ends with a
/// crash, or as it should.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimServer: @unchecked Sendable {
  static let gatewayLoops = 2
  static let ownersPerLoop = 2

  unowned let run: SimRun
  private(set) var loops: [SimLoop] = []
  private(set) var owners: [PartitionOwner] = []
  private var context: GatewayContext! = nil
  private var router: BatchRouter! = nil
  private var channels: [SimChannel] = []
  private(set) var isStopping = false
  private var stopped = 0

  init(_ run: SimRun, life: Int) {
    self.run = run
    let clocks = PartitionClocks(partitionCount: run.log.partitionCount, logger: .silent)
    let environment = PartitionOwner.Environment(
      log: run.log, snapshots: run.snapshots, snapshotPolicy: run.sizes.snapshots,
      policy: run.sizes.decisions, state: run.sizes.state,
      clock: run.clock, clocks: clocks,
      blocking: run.work, keeping: run.work,
      announce: { [unowned self] in self.announce($0) },
      interrupt: { [unowned self] in self.router.interrupted($0) },
      owner: { [unowned self] in self.owners[$0.index] },
      logger: .silent)
    var turns: [CommitTurn] = []
    for index in 0..<run.log.partitionCount {
      if index % SimServer.ownersPerLoop == 0 {
        loops.append(SimLoop())
        turns.append(
          CommitTurn(loops[loops.count - 1], log: run.log, patience: CommitTurn.patience))
      }
      owners.append(
        PartitionOwner(PartitionID(index), turn: turns[turns.count - 1], environment: environment))
    }
    var options = GatewayOptions()
    options.window = run.sizes.window
    options.groupCursorInterval = .milliseconds(run.sizes.groupCursorMilliseconds)
    // Nobody here is silent for so long that it matters.
    options.heartbeatInterval = .hours(24 * 40)
    let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
    context = GatewayContext(
      commands: SimCommands(self), queries: run.queries, tokens: SimTokens(), clock: run.clock,
      logID: run.log.logID, options: options, registry: LocalSessions(), work: run.sessionWork,
      sessionID: { "s\(life * 1000 + Int($0))" }, logger: logger)
    let gatewayLoops = (0..<SimServer.gatewayLoops).map { _ in SimLoop() }
    loops += gatewayLoops
    router = BatchRouter(
      context.serve(on: gatewayLoops), registry: context.registry,
      partitionCount: run.log.partitionCount, logger: logger)
  }

  /// Loads every partition, then starts the relays, as `PartitionService` does.
  func start() throws(DaybookError) {
    var relayFrom: [Offset] = []
    for owner in owners {
      let loaded = try LoadedState.load(
        owner.partition, log: run.log, snapshots: run.snapshots, run.sizes.state)
      loop(of: owner).within { owner.serve(loaded) }
      relayFrom.append(loaded.relayedThrough)
    }
    for owner in owners {
      let offset = relayFrom[owner.partition.index]
      loop(of: owner).within { owner.startRelay(from: offset) }
    }
  }

  /// Says so to all sessions, finishes what was begun, and leaves snapshots.
  func stop() {
    isStopping = true
    for loop in context.loops { loop.loop.execute { loop.drain {} } }
    for owner in owners {
      owner.loop.execute { owner.stop { self.stopped += 1 } }
    }
  }

  private func loop(of owner: PartitionOwner) -> SimLoop { loops.first { $0 === owner.loop }! }

  var hasStopped: Bool { stopped == owners.count }

  func die() {
    for loop in loops { loop.die() }
    for channel in channels { channel.die() }
    for loop in context.loops { loop.end() }
    context.end()
    owners = []
  }

  // MARK: sessions

  func connect(_ connection: SimConnection, on gateway: Int) {
    let home = context.loops[gateway]
    let channel = SimChannel(run, connection, home)
    channels.removeAll { $0.session == nil }
    channels.append(channel)
    connection.channel = channel
    loop(of: channel).within { channel.open() }
  }

  func loop(of channel: SimChannel) -> SimLoop {
    loops.first { $0 === channel.home.loop }!
  }

  // MARK: pushing

  private func announce(_ batch: CommittedBatch) {
    router.committed(batch)
    if run.mutation == .strangerShown { showStranger(batch) }
  }

  /// For the tests of the checks: to the first who doesn't follow the group.
  private func showStranger(_ batch: CommittedBatch) {
    for slot in batch.slots ?? [] where slot.seq != .none {
      let start = batch.body.readerIndex + Int(slot.start)
      guard let bytes = batch.body.getSlice(at: start, length: Int(slot.length)),
        let stream = try? EventDecoding.decode(bytes).stream, stream.kind == .group,
        let stranger = channels.first(where: { channel in
          channel.session.map { $0.follower(of: stream) == nil } ?? false
        })
      else { continue }
      stranger.send(Frame(type: .event, sequence: 0, body: bytes))
    }
  }
}

/// A token that says whose it is.
struct SimTokens: TokenCheck {
  static func make(_ user: UserID, _ device: DeviceID, _ stamp: TokenStamp) -> String {
    "\(user) \(device) \(stamp.id) \(stamp.issuedAt.milliseconds)"
  }

  /// Of some devices, so that sessions begin in both ways.
  func checkAtOnce(_ token: String) -> CheckedToken? {
    let names = token.split(separator: " ").prefix(2).joined()
    return names.utf8.reduce(0) { $0 + Int($1) }.isMultiple(of: 2) ? SimTokens.read(token) : nil
  }

  func check(_ token: String) async throws(DaybookError) -> CheckedToken { SimTokens.read(token) }

  private static func read(_ token: String) -> CheckedToken {
    let parts = token.split(separator: " ").map(String.init)
    return CheckedToken(
      .device(UserID(checked: parts[0]), DeviceID(checked: parts[1])),
      expiresAt: Timestamp(milliseconds: 4_000_000_000_000),
      stamp: TokenStamp(
        issuedAt: Timestamp(milliseconds: UInt64(parts[3])!), id: parts[2]))
  }
}

/// Work that is done when the simulation says so.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimSessionWork: SessionWork, @unchecked Sendable {
  private unowned let run: SimRun

  init(_ run: SimRun) { self.run = run }

  func run<T: Sendable>(
    _ work: @escaping @Sendable () async throws(DaybookError) -> T,
    then done: @escaping @Sendable (Result<T, DaybookError>) -> Void
  ) {
    run.work.run { [run] in done(run.waiting(work)) }
  }

  func enqueue(_ job: consuming ExecutorJob) { run.executor.enqueue(job) }
}
