import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests

@testable import Gateway
@testable import Partitions

/// One life of the server: real owners and relays, each on a loop of its own, and gateways whose
/// session machines are real. It ends with a crash, or as it should.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimServer: @unchecked Sendable {
  unowned let run: SimRun
  private(set) var options = GatewayOptions()
  private(set) var loops: [SimLoop] = []
  private(set) var owners: [PartitionOwner] = []
  private(set) var gateways: [SimGateway] = []
  private var online: [UserID: [DeviceID: SimSession]] = [:]
  private var lastSession = 0
  private(set) var isStopping = false
  private var stopped = 0

  init(_ run: SimRun, life: Int) {
    self.run = run
    options.window = run.sizes.window
    lastSession = life * 1000
    let clocks = PartitionClocks(partitionCount: run.log.partitionCount, report: { _ in })
    let environment = PartitionOwner.Environment(
      log: run.log, snapshots: run.snapshots, snapshotPolicy: run.sizes.snapshots,
      policy: run.sizes.decisions, clock: run.clock, clocks: clocks, blocking: run.work,
      announce: { [unowned self] in self.announce($0) },
      owner: { [unowned self] in self.owners[$0.index] },
      report: { _ in })
    for index in 0..<run.log.partitionCount {
      let loop = SimLoop()
      loops.append(loop)
      owners.append(PartitionOwner(PartitionID(index), loop: loop, environment: environment))
    }
    for _ in 0..<2 {
      let loop = SimLoop()
      loops.append(loop)
      gateways.append(SimGateway(self, loop))
    }
  }

  /// Loads every partition, then starts the relays, as `PartitionService` does.
  func start() throws(DaybookError) {
    var relayFrom: [Offset] = []
    for owner in owners {
      let loaded = try LoadedState.load(
        owner.partition, log: run.log, snapshots: run.snapshots)
      loops[owner.partition.index].within { owner.serve(loaded) }
      relayFrom.append(loaded.relayedThrough)
    }
    for owner in owners {
      let offset = relayFrom[owner.partition.index]
      loops[owner.partition.index].within { owner.startRelay(from: offset) }
    }
  }

  /// Says so to all sessions, finishes what was begun, and leaves snapshots.
  func stop() {
    isStopping = true
    let reason = DaybookError(.serverStopping, "the server is stopping")
    for user in online.keys.sorted() {
      for session in sessions(of: user) { session.onLoop { $0.closing(reason, &$1) } }
    }
    for (owner, loop) in zip(owners, loops) {
      loop.execute { owner.stop { self.stopped += 1 } }
    }
  }

  var hasStopped: Bool { stopped == owners.count }

  func die() {
    for loop in loops { loop.die() }
    // Sessions know their gateway, and it them.
    for gateway in gateways { gateway.die() }
    online = [:]
    owners = []
  }

  // MARK: sessions

  func connect(_ connection: SimConnection, on gateway: Int) {
    lastSession += 1
    connection.session = SimSession("s\(lastSession)", gateways[gateway], connection)
  }

  func register(_ user: UserID, _ device: DeviceID, _ session: SimSession) -> SimSession? {
    online[user, default: [:]].updateValue(session, forKey: device)
  }

  func unregister(_ user: UserID, _ device: DeviceID, _ session: SimSession) {
    if online[user]?[device] === session { online[user]?[device] = nil }
  }

  private func sessions(of user: UserID) -> [SimSession] {
    (online[user] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
  }

  // MARK: pushing

  private func announce(_ batch: CommittedBatch) {
    var events: [(EventSlot, StreamKey)] = []
    for slot in batch.slots ?? [] where slot.seq != .none {
      let start = batch.body.readerIndex + Int(slot.start)
      guard let bytes = batch.body.getSlice(at: start, length: Int(slot.length)),
        let event = try? EventDecoding.decode(bytes)
      else { continue }
      events.append((slot, event.stream))
    }
    guard !events.isEmpty else { return }
    for gateway in gateways { gateway.committed(batch, events) }
  }

  func push(_ event: Event, from sender: SimSession, isWithheld: Bool) {
    let bytes = EventEncoding.encode(event)
    guard let receiver = event.stream.userID else {
      for gateway in gateways { gateway.pushTransient(bytes, to: event.stream, from: sender) }
      return
    }
    var sessions = isWithheld ? [] : sessions(of: receiver)
    if let user = event.actor.user, user != receiver { sessions += self.sessions(of: user) }
    for session in sessions where session !== sender {
      session.onLoop { $0.transientSent(bytes, in: event.stream, &$1) }
    }
  }
}

extension SimServer: Audience {
  func onlineDevices(of user: UserID) -> Set<DeviceID> { Set((online[user] ?? [:]).keys) }

  func followerCount(of stream: StreamKey) async throws -> Int {
    gateways.reduce(into: Set<UserID>()) { $0.formUnion($1.users(following: stream)) }.count
  }
}
