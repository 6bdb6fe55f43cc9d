import DaybookModel
import Doubles
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Ports
import Testing

@testable import Partitions

@Suite("what owners of a loop have for the log", .timeLimit(.minutes(30)))
struct CommitTurnTests {
  let log = MemoryLog(partitions: 8)
  /// Of which all owners are.
  let loop = MultiThreadedEventLoopGroup.singleton.next()
  let answers = Answers()

  /// Nothing goes to the log for having waited long enough.
  func started() async throws -> PartitionService {
    let service = PartitionService(
      log: log, snapshots: MemorySnapshots(), clock: fixedClock(), blocking: InlineWork(),
      group: loop, patience: .hours(24), logger: .silent)
    _ = try await service.start()
    return service
  }

  func send(_ number: UInt64, to receiver: UserID, from sender: UserID = alice) -> Command {
    Command(
      stream: .user(receiver), actor: Actor(user: sender),
      id: NumberedOrigin(origin: Origin(sender.text.utf8)!, number: number),
      body: .send(message("\(number)")))
  }

  func open(_ user: UserID) -> Command {
    Command(
      stream: .user(user), actor: Actor(user: user, device: DeviceID(checked: "phone")), id: nil,
      body: .openCursor())
  }

  func ack(_ user: UserID, upTo seq: Seq) -> Command {
    Command(
      stream: .user(user), actor: Actor(user: user, device: DeviceID(checked: "phone")), id: nil,
      body: .ack(upTo: seq))
  }

  func partition(_ user: UserID) -> PartitionID { StreamKey.user(user).partition(of: 8) }

  /// Users of so many different partitions.
  func strangers(_ count: Int) -> [UserID] {
    var found: [UserID] = []
    for number in 0... {
      let user = UserID(checked: "stranger\(number)")
      let isNew = !found.contains { partition($0) == partition(user) }
      if isNew, partition(user) != partition(alice) { found.append(user) }
      if found.count == count { return found }
    }
    return found
  }

  /// All in one turn of the loop.
  func submit(_ commands: [Command], to service: PartitionService) async throws {
    let gathered = Gathered()
    try await loop.submit {
      for command in commands {
        service.submit(
          [PendingCommand(command, receiver: gathered, token: 0)],
          to: command.stream.partition(of: service.partitionCount))
      }
    }.get()
    await gathered.count(reaches: commands.count)
  }

  @Test("what comes in one turn of the loop goes to the log in one call, whatever the partitions")
  func together() async throws {
    let service = try await started()
    let users = strangers(3)
    try await submit(users.map { send(1, to: $0) }, to: service)
    #expect(log.appends.first.map(Set.init) == Set(users.map(partition)))
    await service.stop()
  }

  @Test("a message's copy begins no sync: it goes with the next message, wherever that belongs")
  func company() async throws {
    let service = try await started()
    let users = strangers(2)
    _ = try await answers.ask(send(1, to: users[0]), of: service).get()
    try await loop.submit {}.get()
    #expect(log.appends == [[partition(users[0])]])
    #expect(log.events(.messageCopied).isEmpty)
    _ = try await answers.ask(send(2, to: users[1]), of: service).get()
    #expect(log.appends.count == 2)
    #expect(log.appends.last.map(Set.init) == [partition(alice), partition(users[1])])
    #expect(log.events(.messageCopied).count == 1)
    await service.stop()
  }

  @Test("while a state is written down no loop waits for a sync")
  func snapshots() async throws {
    let held = HeldWork()
    let service = PartitionService(
      log: log, snapshots: MemorySnapshots(),
      snapshotPolicy: SnapshotPolicy(events: 1, milliseconds: 0), clock: fixedClock(),
      blocking: InlineWork(), keeping: held, group: loop, patience: .hours(24), logger: .silent)
    _ = try await service.start()
    let user = strangers(1)[0]
    // The second send takes a copy of the state, which is written down once it is durable.
    for number in UInt64(1)...3 {
      _ = try await answers.ask(send(number, to: user), of: service).get()
      try await loop.submit {}.get()
    }
    #expect(held.count > 0)
    #expect(log.mayBlock == [true, true, false])
    held.release()
    _ = try await answers.ask(send(4, to: user), of: service).get()
    #expect(log.mayBlock.last == true)
    await service.stop()
  }

  @Test("an ack waits for company too, and is durable when the owners have stopped")
  func acks() async throws {
    let service = try await started()
    let user = strangers(1)[0]
    _ = try await answers.ask(open(user), of: service).get()
    _ = try await answers.ask(send(1, to: user), of: service).get()
    let before = log.appends.count
    async let acked = answers.ask(ack(user, upTo: Seq(1)), of: service)
    try await loop.submit {}.get()
    #expect(log.appends.count == before)
    await service.stop()
    _ = try await acked.get()
    #expect(log.events(.acked).count == 1)
  }

  @Test("where much has gathered that nobody waits for, it waits no longer")
  func much() async throws {
    let service = try await started()
    let user = strangers(1)[0]
    let copies = Watch(.messageCopied)
    service.subscribe(copies)
    let text = String(repeating: "x", count: 16 << 10)
    let commands = (1...8).map { number in
      var command = send(UInt64(number), to: user)
      command.body = .send(message(text))
      return command
    }
    try await submit(commands, to: service)
    await copies.count(reaches: commands.count)
    #expect(log.events(.messageCopied).count == commands.count)
    await service.stop()
  }
}

/// Counts answers.
private final class Gathered: CommandReceiver {
  private let state = NIOLockedValueBox<
    (count: Int, waiting: (Int, CheckedContinuation<Void, Never>)?)
  >(
    (0, nil))

  func receive(_ answers: [CommandAnswer], covering token: ReadToken?) {
    let due = state.withLockedValue { state in
      state.count += answers.count
      guard let (target, continuation) = state.waiting, state.count >= target else {
        return CheckedContinuation<Void, Never>?.none
      }
      state.waiting = nil
      return continuation
    }
    due?.resume()
  }

  func count(reaches target: Int) async {
    await withCheckedContinuation { continuation in
      let isReached = state.withLockedValue { state in
        if state.count < target { state.waiting = (target, continuation) }
        return state.count >= target
      }
      if isReached { continuation.resume() }
    }
  }
}

/// Holds what is to be done until it is released, and does the rest at once.
private final class HeldWork: BlockingWork {
  private struct State {
    var held: [@Sendable () -> Void]? = []
  }

  private let state = NIOLockedValueBox(State())

  var count: Int { state.withLockedValue { $0.held?.count ?? 0 } }

  func run(_ work: @escaping @Sendable () -> Void) {
    let isHeld = state.withLockedValue { state in
      state.held?.append(work)
      return state.held != nil
    }
    if !isHeld { work() }
  }

  func release() {
    let held = state.withLockedValue { state in
      defer { state.held = nil }
      return state.held ?? []
    }
    for work in held { work() }
  }
}
