import DaybookModel
import Doubles
import NIOPosix
import Ports
import Testing

@testable import Partitions

@Suite("amended messages that are in memory")
struct AmendedMemoryTests {
  private let group = StreamKey.group(ubuntu)

  private func reaction(_ id: UInt64, _ text: String, by user: UserID = alice) -> Event {
    Event(
      stream: group, seq: Seq(id), messageID: MessageID(id), recordedAt: start,
      actor: Actor(user: user),
      body: .reactionAdded(MessageTarget(peer: nil, seq: Seq(id)), text))
  }

  @Test("are those with the highest ids; of the others only the log knows")
  func highest() {
    var memory = AmendedMemory()
    let bounds = AmendedMemory.Bounds(messages: 4, reactions: 100)
    for id: UInt64 in [7, 3, 9, 5] { memory.evolve(reaction(id, "+"), bounds) }
    #expect(memory.count == 4 && memory.forgottenThrough == .none)
    #expect(!memory.isUnknown(MessageID(1)) && memory[MessageID(1)] == AmendedMessage())
    memory.evolve(reaction(8, "+"), bounds)
    #expect(memory.count == 3 && memory.forgottenThrough == MessageID(5))
    for id: UInt64 in 1...5 { #expect(memory.isUnknown(MessageID(id))) }
    for id: UInt64 in 6...10 { #expect(!memory.isUnknown(MessageID(id))) }
    // What is done to one that is not kept changes nothing here.
    let before = memory
    memory.evolve(reaction(4, "+"), bounds)
    #expect(memory == before && memory.isUnknown(MessageID(4)))
  }

  @Test("leave when their reactions are too many together")
  func reactions() {
    var memory = AmendedMemory()
    let bounds = AmendedMemory.Bounds(messages: 100, reactions: 8)
    for id: UInt64 in 1...4 {
      for text in ["+", "-"] { memory.evolve(reaction(id, text), bounds) }
    }
    #expect(memory.count == 4)
    memory.evolve(reaction(4, "!"), bounds)
    #expect(memory.forgottenThrough == MessageID(2) && memory.count == 2)
    #expect(memory[MessageID(4)].reactions.count == 3)
  }

  @Test("what the log said is known, and kept up, until it is not waited for any more")
  func found() {
    var memory = AmendedMemory()
    let bounds = AmendedMemory.Bounds(messages: 1, reactions: 100)
    for id: UInt64 in [1, 2] { memory.evolve(reaction(id, "+"), bounds) }
    let forgotten = MessageID(1)
    #expect(memory.isUnknown(forgotten))
    var said = AmendedMessage()
    said.evolve(reaction(1, "+"))
    memory.keep(said, of: forgotten)
    #expect(!memory.isUnknown(forgotten) && memory[forgotten] == said)
    memory.evolve(reaction(1, "-"), bounds)
    #expect(memory[forgotten].reactions.count == 2 && memory[forgotten].changes == 2)
    memory.forgetFound()
    #expect(memory.isUnknown(forgotten))
  }

  @Test("whatever is done to a message, it is done so often at most")
  func changes() {
    var desk = Desk()
    let mailbox = StreamKey.user(bob)
    let hello = desk.sent(to: mailbox, by: alice)
    for _ in 0..<Limits.amendmentsPerMessageMax / 2 {
      for isRemoved in [false, true] {
        desk.done(.react(hello, reaction: "+", isRemoved: isRemoved), on: mailbox, by: bob)
      }
    }
    for body: Command.Body in [
      .react(hello, reaction: "+", isRemoved: false), .edit(hello, content: message("x").content),
    ] {
      #expect(desk.refusal(body, on: mailbox, by: alice) == .tooManyAmendments)
    }
    #expect(desk.done(.recall(hello), on: mailbox, by: alice).changed)
  }
}

@Suite(
  "commands about messages of which only the log knows what they became", .timeLimit(.minutes(30)))
struct ForgottenAmendmentTests {
  private static let group = StreamKey.group(ubuntu)

  /// A log, and who owns it with so much in memory.
  private final class World {
    let log: MemoryLog
    let snapshots = MemorySnapshots()
    let answers = Answers()
    let state: StateSettings
    var service: PartitionService?

    init(_ log: MemoryLog, _ amended: AmendedMemory.Bounds) {
      self.log = log
      state = StateSettings(amended: amended)
    }

    func restart() async throws {
      await service?.stop()
      let service = PartitionService(
        log: log, snapshots: snapshots, state: state, clock: fixedClock(), blocking: InlineWork(),
        group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
      _ = try await service.start()
      self.service = service
    }

    func ask(_ command: Command) async -> Result<CommandOutcome, DaybookError> {
      await answers.ask(command, of: service!)
    }
  }

  private func outcome(_ result: Result<CommandOutcome, DaybookError>) -> String {
    switch result {
    case .success(.done(let done)): "changed \(done.changed) seq \(done.seq)"
    case .success(.position), .success(.nextNumber): "a position"
    case .failure(let error): error.code.name
    }
  }

  @Test("are answered as if all of it were in memory", arguments: ForgottenOriginTests.logs, 1...3)
  func asInMemory(_ maker: ForgottenOriginTests.MemoryLogMaker, seed: Int) async throws {
    let worlds = [
      World(MemoryLog(partitions: 1), .standard),
      World(maker.make(), AmendedMemory.Bounds(messages: 1, reactions: 2)),
    ]
    for world in worlds { try await world.restart() }
    var (random, number) = (Xorshift(seed: UInt64(seed)), UInt64(0))
    func both(_ user: UserID, _ stream: StreamKey, _ body: Command.Body) async throws
      -> CommandResult?
    {
      number += 1
      let command = Command(
        stream: stream, actor: Actor(user: user),
        id: NumberedOrigin(origin: Origin("phone".utf8)!, number: number), body: body)
      let expected = await worlds[0].ask(command)
      let found = await worlds[1].ask(command)
      #expect(outcome(found) == outcome(expected), "number \(number)")
      return try? expected.get().result()
    }
    _ = try await both(alice, Self.group, .createGroup(GroupSettings(title: "")))
    _ = try await both(bob, Self.group, .join)
    var sent: [(StreamKey, MessageReference)] = []
    for stream in [Self.group, .user(bob)] {
      for text in 0..<6 {
        let result = try await both(alice, stream, .send(message("\(text)")))
        sent.append(
          (
            stream,
            MessageReference(
              seq: try #require(result).seq, messageID: try #require(result).messageID,
              author: alice, sentAt: start)
          ))
      }
    }
    for step in 1...300 {
      let (stream, reference) = sent.randomElement(using: &random)!
      let body: Command.Body =
        switch Int.random(in: 0..<20, using: &random) {
        case 0: .recall(reference)
        case 1..<6: .edit(reference, content: message("step \(step)").content)
        default:
          .react(
            reference, reaction: Bool.random(using: &random) ? "+" : "-",
            isRemoved: Bool.random(using: &random))
        }
      _ = try await both([alice, bob].randomElement(using: &random)!, stream, body)
      if step == 100 { worlds[1].snapshots.forget() }
      if step % 50 == 0 { try await worlds[1].restart() }
    }
    for world in worlds { await world.service?.stop() }
  }
}
