import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import NIOPosix
import Ports
import Testing

@testable import Partitions

/// Commands whose numbers count an origin's commands to one stream.
struct GaplessSender {
  var origin = "phone"
  var user = alice
  var stream = StreamKey.user(bob)
  var isGapless = true

  func command(_ number: UInt64, _ text: String? = nil, _ body: Command.Body? = nil) -> Command {
    Command(
      stream: stream, actor: Actor(user: user, device: phone),
      id: NumberedOrigin(
        origin: Origin(origin.utf8)!, number: number, isGapless: isGapless),
      body: body ?? .send(message(text ?? "\(number)")))
  }

  var question: Command {
    Command(
      stream: stream, actor: Actor(user: user, device: phone), id: nil,
      body: .nextNumber(Origin(origin.utf8)!))
  }
}

@Suite("numbers in turn, at an owner's desk")
struct GaplessDeskTests {
  private let answers = Answers()
  private let sender = GaplessSender()

  private func desk(_ change: (inout HeldNumbers.Bounds) -> Void = { _ in }) -> PartitionDesk {
    var bounds = HeldNumbers.Bounds()
    change(&bounds)
    return PartitionDesk(
      PartitionState(partition: PartitionID(0)), headerBytes: 16, held: HeldNumbers(bounds))
  }

  private func take(
    _ numbers: [UInt64], _ desk: inout PartitionDesk, at milliseconds: UInt64 = 0
  ) {
    let pending = numbers.map {
      PendingCommand(sender.command($0), receiver: answers, token: $0)
    }
    desk.take(pending, now: start, uptime: uptime(milliseconds))
  }

  private func uptime(_ milliseconds: UInt64) -> Timestamp {
    Timestamp(milliseconds: 1_000 + milliseconds)
  }

  /// What was answered: a number, and which is next if it was refused for that.
  private func told(_ desk: inout PartitionDesk) -> [String] {
    var told: [String] = []
    while let batch = desk.next() {
      for answer in batch.answers.flatMap(\.answers) {
        switch answer.outcome {
        case .success(.nextNumber(let next, let held)): told.append("next \(next), \(held) held")
        case .success: told.append("\(answer.token)")
        case .failure(let error):
          told.append("\(answer.token): \(error.code.name), then \(error.nextNumber)")
        }
      }
    }
    return told
  }

  @Test(
    "are taken as they count, whatever their order of coming",
    arguments: [
      [1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3], [3, 1, 4, 2],
    ] as [[UInt64]])
  func order(coming: [UInt64]) {
    var desk = desk()
    take(coming, &desk)
    let said = told(&desk)
    #expect(said == ["1", "2", "3", "4"])
    #expect(desk.state.mailbox(sender.stream)?.head == Seq(4))
    #expect(desk.heldUntil == nil)
  }

  @Test(
    "that are ahead wait so long, then hear which one is missing; those whose time is not over stay"
  )
  func time() {
    var desk = desk()
    take([1, 3], &desk)
    take([4], &desk, at: 1_000)
    let before = told(&desk)
    #expect(before == ["1"])
    desk.expireHeld(uptime: uptime(Limits.heldNumbersMilliseconds - 1))
    let early = told(&desk)
    #expect(early == [])
    desk.expireHeld(uptime: uptime(Limits.heldNumbersMilliseconds))
    let due = told(&desk)
    #expect(due == ["3: number_gap, then 2"])
    take([2, 3], &desk, at: Limits.heldNumbersMilliseconds)
    let after = told(&desk)
    #expect(after == ["2", "3", "4"])
  }

  @Test("past the room for an origin, a partition or bytes hear at once which one is missing")
  func room() {
    var few = desk { $0.perOrigin = 2 }
    take([2, 3, 4], &few)
    #expect(told(&few) == ["4: number_gap, then 1"])
    var all = desk { $0.numbers = 1 }
    take([5], &all)
    let other = GaplessSender(origin: "laptop").command(2)
    all.take(
      [PendingCommand(other, receiver: answers, token: 9)], now: start, uptime: uptime(0))
    #expect(told(&all) == ["9: number_gap, then 1"])
    var bytes = desk { $0.bytes = 700 }
    take([2, 3, 4], &bytes)
    #expect(told(&bytes) == ["4: number_gap, then 1"])
    // What is held leaves room as it is taken.
    take([1, 4], &bytes)
    #expect(told(&bytes) == ["1", "2", "3", "4"])
    take([6, 7], &bytes)
    #expect(told(&bytes) == [])
  }

  @Test("that come again while they are held are held once, for who has sent them last")
  func again() {
    var desk = desk()
    take([2], &desk)
    let again = PendingCommand(sender.command(2), receiver: answers, token: 20)
    desk.take([again], now: start, uptime: uptime(0))
    #expect(told(&desk) == ["2: number_gap, then 1"])
    take([1], &desk)
    #expect(told(&desk) == ["1", "20"])
    #expect(desk.state.mailbox(sender.stream)?.head == Seq(2))
  }

  @Test("are told on being asked, with how many are held")
  func next() {
    var desk = desk()
    let question = PendingCommand(sender.question, receiver: answers, token: 99)
    desk.take([question], now: start, uptime: uptime(0))
    take([1, 2, 5, 4], &desk)
    desk.take([question], now: start, uptime: uptime(0))
    #expect(told(&desk) == ["next 1, 0 held", "1", "2", "next 3, 2 held"])
  }

  @Test("are a stream's own: the same origin counts by itself in another one, and without them")
  func apart() {
    var desk = desk()
    let mixed = [
      sender.command(1), GaplessSender(stream: .user(carol)).command(1),
      GaplessSender(isGapless: false).command(1), GaplessSender(isGapless: false).command(7),
      GaplessSender(stream: .user(carol)).command(2), sender.command(2),
      GaplessSender(user: dave).command(1),
    ].enumerated().map { PendingCommand($1, receiver: answers, token: UInt64($0)) }
    desk.take(mixed, now: start, uptime: uptime(0))
    #expect(told(&desk) == (0..<7).map { "\($0)" })
    #expect(desk.state.mailbox(sender.stream)?.head == Seq(5))
    #expect(desk.state.mailbox(.user(carol))?.head == Seq(2))
  }

  @Test("count what was refused for good too: those behind it go on, and a retry is refused again")
  func refused() throws {
    var desk = desk()
    let group = GaplessSender(stream: .group(ubuntu))
    func pending(_ command: Command, _ token: UInt64) -> PendingCommand {
      PendingCommand(command, receiver: answers, token: token)
    }
    desk.take(
      [
        pending(group.command(2, nil, .createGroup(GroupSettings(title: "Ubuntu"))), 2),
        pending(group.command(1), 1), pending(group.command(3), 3), pending(group.command(1), 10),
        pending(group.command(1, "something else"), 11),
      ], now: start, uptime: uptime(0))
    var events: [Event] = []
    var said: [String] = []
    while let batch = desk.next() {
      for slot in batch.slots {
        let bytes = batch.bytes.getSlice(
          at: batch.bytes.readerIndex + 16 + Int(slot.start), length: Int(slot.length))!
        events.append(try EventDecoding.decode(bytes))
      }
      said += batch.answers.flatMap(\.answers).map {
        switch $0.outcome {
        case .success: "\($0.token)"
        case .failure(let error): "\($0.token): \(error.code.name), then \(error.nextNumber)"
        }
      }
    }
    #expect(
      said == [
        "1: group_not_found, then 2", "2", "3", "10: group_not_found, then 2",
        "11: number_conflict, then 0",
      ])
    #expect(events.map(\.kind) == [.noted, .groupCreated, .messageSent])
    #expect(events.map { $0.command?.refusal } == [402, 0, 0])
    #expect(events.allSatisfy { $0.command?.isGapless == true })
    // As a start has it, which knows only the log.
    var loaded = PartitionState(partition: PartitionID(0))
    for event in events { loaded.evolve(event) }
    #expect(loaded == desk.state)
    let again = loaded.decide(group.command(1), now: start)
    #expect(again.rejection == .groupNotFound)
  }

  @Test("are not taken where nothing can be logged, and nothing is held then")
  func refusing() {
    var desk = desk()
    let full = DaybookError(.storageFull, "full")
    desk.take(
      [2, 1].map { PendingCommand(sender.command($0), receiver: answers, token: $0) },
      now: start, uptime: uptime(0), refusing: full)
    #expect(told(&desk) == ["2: storage_full, then 0", "1: storage_full, then 0"])
    take([2, 1], &desk)
    #expect(told(&desk) == ["1", "2"])
  }

  @Test("a batch that failed takes its numbers back, and they come again in whatever order")
  func failedBatch() throws {
    let empty = PartitionState(partition: PartitionID(0))
    var desk = desk()
    take([1, 2], &desk)
    let batch = desk.next()
    take([4], &desk)
    _ = desk.restart(empty, after: try #require(batch), uptime: uptime(0))
    let held = desk.dropHeld()
    #expect(held.map(\.token) == [4])
    take([2, 3, 1], &desk)
    #expect(told(&desk) == ["1", "2", "3"])
  }
}

@Suite("numbers in turn that only the log knows", .timeLimit(.minutes(30)))
struct GaplessLogTests {
  private func service(
    _ log: MemoryLog, _ snapshots: MemorySnapshots, held: HeldNumbers.Bounds = .init()
  ) -> PartitionService {
    PartitionService(
      log: log, snapshots: snapshots,
      state: .init(origins: .init(windows: 1, numbers: 3, bytes: 1 << 20)),
      clock: fixedClock(), blocking: InlineWork(), group: MultiThreadedEventLoopGroup.singleton,
      held: held, logger: .silent)
  }

  @Test(
    "go on where they were after restarts, with a snapshot or none, and when their window has left memory",
    arguments: ForgottenOriginTests.logs)
  func restarts(_ maker: ForgottenOriginTests.MemoryLogMaker) async throws {
    let (log, snapshots) = (maker.make(), MemorySnapshots())
    let senders = ["phone", "laptop"].flatMap { origin in
      [bob, carol, dave].map { GaplessSender(origin: origin, stream: .user($0)) }
    }
    let answers = Answers()
    var first: [String: CommandResult] = [:]
    var next: UInt64 = 1
    for life in 0..<4 {
      if life == 2 { snapshots.forget() }
      let service = service(log, snapshots)
      _ = try await service.start()
      for round in 0..<3 as Range<UInt64> {
        for (index, sender) in senders.enumerated() {
          let asked = try await answers.ask(sender.question, of: service).get().nextNumber()
          #expect(asked.next == next && asked.held == 0, "\(index) in round \(round) of \(life)")
          _ = try await answers.ask(sender.command(next), of: service).get()
          for number in 1...next {
            let result = try await answers.ask(sender.command(number), of: service).get().result()
            let key = "\(index) \(number)"
            #expect(result.repeated)
            #expect((first[key] ?? result).messageID == result.messageID)
            first[key] = first[key] ?? result
          }
        }
        next += 1
      }
      await service.stop()
    }
    let sent = log.events(.messageSent)
    for sender in senders {
      let numbers = sent.filter { $0.stream == sender.stream }.compactMap(\.command)
        .filter { $0.origin == Origin(sender.origin.utf8) }.map(\.number)
      #expect(numbers == Array(1..<next))
    }
  }

  @Test("an owner tells by itself what is missing once the time is over")
  func owner() async throws {
    var bounds = HeldNumbers.Bounds()
    bounds.milliseconds = 0
    let service = service(MemoryLog(partitions: 1), MemorySnapshots(), held: bounds)
    _ = try await service.start()
    let outcome = await Answers().ask(GaplessSender().command(2), of: service)
    guard case .failure(let error) = outcome else {
      Issue.record("number 2 was taken before 1")
      return
    }
    #expect(error.code == .numberGap && error.nextNumber == 1)
    await service.stop()
  }

  @Test("what is held when an owner stops, or can log nothing, is answered")
  func ends() async throws {
    let log = MemoryLog(partitions: 1)
    let service = service(log, MemorySnapshots())
    _ = try await service.start()
    let answers = Answers()
    let sender = GaplessSender()
    async let early = answers.ask(sender.command(3), of: service)
    while try await answers.ask(sender.question, of: service).get().nextNumber().held == 0 {}
    log.fail(.append, in: PartitionID(0), with: DaybookError(.storageFull, "full"))
    async let lost = answers.ask(sender.command(1), of: service)
    let codes = await [early, lost].map { outcome in
      if case .failure(let error) = outcome { error.code } else { nil as ErrorCode? }
    }
    #expect(codes == [.storageFull, .storageFull])
    await service.stop()
  }
}
