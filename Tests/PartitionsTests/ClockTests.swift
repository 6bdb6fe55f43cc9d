import DaybookModel
import DaybookSchema
import Doubles
import Logging
import NIOPosix
import Ports
import Testing

@testable import Partitions

extension SettableClock {
  func set(_ milliseconds: Int64, after base: Timestamp = start) {
    set(Timestamp(milliseconds: UInt64(Int64(base.milliseconds) + milliseconds)))
  }
}

@Suite("wall clocks that are wrong", .timeLimit(.minutes(30)))
struct ClockTests {
  private let log = MemoryLog(partitions: 4, readBatchesMax: 3)
  private let snapshots = MemorySnapshots()
  private let clock = fixedClock()
  private let told = RecordingLog()
  private let answers = Answers()
  private let hour: Int64 = 3_600_000

  private func makeService() -> PartitionService {
    return PartitionService(
      log: log, snapshots: snapshots, clock: clock, blocking: InlineWork(),
      group: MultiThreadedEventLoopGroup.singleton,
      logger: told.logger)
  }

  private var said: [String] { told.lines.filter { $0.level >= .info }.map(\.message) }

  private func send(
    to receiver: Int, _ number: UInt64, observed: MessageID = .none
  ) -> Command {
    Command(
      stream: .user(UserID(checked: "user\(receiver)")), actor: Actor(user: alice),
      id: NumberedOrigin(origin: Origin("phone".utf8)!, number: number), observed: observed,
      body: .send(message("\(number)")))
  }

  /// Receivers in each of the partitions.
  private var receivers: [Int] {
    (0..<4).map { partition in
      (0...).first {
        StreamKey.user(UserID(checked: "user\($0)")).partition(of: 4).index == partition
      }!
    }
  }

  private func id(_ ahead: Int64, partition: Int) -> MessageID {
    let time = Timestamp(milliseconds: UInt64(Int64(start.milliseconds) + ahead))
    return MessageID(ticks: MessageClock.ticks(at: time), partition: PartitionID(partition))
  }

  @Test(
    "an id that its partition gave is taken, and one that nobody gave only up to 5 seconds ahead")
  func claims() {
    let given = id(hour, partition: 9)
    let rows: [(observed: MessageID, given: UInt64, refusal: ErrorCode?)] = [
      (given, given.ticks, nil), (given, given.ticks + 1, nil),
      (given, given.ticks - 1, .clockAhead), (given, 0, .clockAhead),
      (id(4_000, partition: 9), 0, nil), (id(6_000, partition: 9), 0, .clockAhead),
      (id(-hour, partition: 9), 0, nil), (.none, 0, nil),
      (MessageID(1 << 63), .max, .invalidRequest), (MessageID(.max), .max, .invalidRequest),
    ]
    for row in rows {
      var desk = Desk()
      let decision = desk.decide(
        .send(message("hi")), on: .user(bob), by: alice, observed: row.observed, given: row.given)
      #expect(decision.rejection == row.refusal, "\(row)")
      if let answer = decision.outcome { #expect(answer.messageID > row.observed) }
    }
  }

  @Test(
    "an hour that a clock was once ahead costs nobody anything, in any partition, after a restart",
    arguments: [true, false])
  func onceAhead(keepsSnapshots: Bool) async throws {
    clock.set(hour)
    let wrong = makeService()
    _ = try await wrong.start()
    let first = try await answers.ask(send(to: receivers[2], 1), of: wrong).get()
    await wrong.stop()
    #expect(said.isEmpty)
    if !keepsSnapshots { snapshots.forget() }
    clock.set(2_000)
    let right = makeService()
    _ = try await right.start()
    var seen = first.messageID
    for (number, receiver) in receivers.enumerated() {
      let command = send(to: receiver, UInt64(number + 2), observed: seen)
      let answer = try await answers.ask(command, of: right).get()
      #expect(answer.messageID > seen)
      seen = answer.messageID
    }
    let claimed = id(2 * hour, partition: 2)
    let refused = await answers.ask(send(to: receivers[0], 9, observed: claimed), of: right)
    #expect(throws: DaybookError.self) { try refused.get() }
    #expect(said.count == 1)
    #expect(said.first?.hasPrefix("the log is 59 min 58 s ahead of this machine's clock: ") == true)
    clock.set(2 * hour)
    _ = try await answers.ask(send(to: receivers[0], 10), of: right).get()
    #expect(said.dropFirst() == ["this machine's clock has caught up with the log"])
    await right.stop()
  }

  @Test("a clock that is set back while the server runs is told once, and stops nothing")
  func setBack() async throws {
    let service = makeService()
    _ = try await service.start()
    var seen = MessageID.none
    for (number, offset) in [0, 5, -2 * hour, 7 - 2 * hour, -hour].enumerated() {
      clock.set(offset)
      for (index, receiver) in receivers.enumerated() {
        let command = send(to: receiver, UInt64(number * 4 + index + 1), observed: seen)
        let answer = try await answers.ask(command, of: service).get()
        #expect(answer.messageID > seen)
        seen = answer.messageID
      }
    }
    #expect(said.count == 1)
    #expect(said.first?.hasPrefix("the log is 2 h ahead of this machine's clock: ") == true)
    await service.stop()
  }

  @Test("ids of a partition whose log can't be read are taken for given")
  func unreadable() async throws {
    clock.set(hour)
    let wrong = makeService()
    _ = try await wrong.start()
    let seen = try await answers.ask(send(to: receivers[2], 1), of: wrong).get().messageID
    await wrong.stop()
    snapshots.forget()
    log.fail(.read, in: PartitionID(2), with: DaybookError(.logCorrupt, "told to be"))
    clock.set(0)
    let right = makeService()
    _ = try await right.start()
    let answer = try await answers.ask(send(to: receivers[0], 2, observed: seen), of: right).get()
    #expect(answer.messageID > seen)
    await right.stop()
  }

  @Test("a clock past 2089 is refused with what is wrong, and leaves no trace once it is right")
  func pastTheEnd() async throws {
    let service = makeService()
    _ = try await service.start()
    clock.set(1, after: MessageID.lastTime)
    let refused = await answers.ask(send(to: 1, 1), of: service)
    let error = #expect(throws: DaybookError.self) { try refused.get() }
    #expect(error?.code == .clockAhead)
    #expect(error?.message.contains("2089-09-06T15:47:35.552Z") == true)
    clock.set(0)
    let answer = try await answers.ask(send(to: 1, 1), of: service).get()
    #expect(answer.messageID.isInRange && answer.recordedAt == start)
    await service.stop()
    #expect(said.isEmpty)
  }

  @Test("a partition that has given its last id says so, and does all else")
  func exhausted() {
    var desk = Desk()
    desk.now = MessageID.lastTime
    let last = MessageID(ticks: MessageClock.ticksMax, partition: PartitionID(9))
    #expect(
      desk.decide(
        .send(message("x")), on: .user(bob), by: alice, observed: last, given: last.ticks
      ).rejection == .idsExhausted)
    desk.done(.send(message("1")), on: .user(bob), by: alice)
    desk.done(.createGroup(GroupSettings(title: "Ubuntu")), on: .group(ubuntu), by: alice)
    for _ in 1..<4096 { desk.done(.send(message("x")), on: .user(bob), by: alice) }
    #expect(desk.refusal(.send(message("x")), on: .user(bob), by: alice) == .idsExhausted)
    #expect(desk.refusal(.send(message("x")), on: .group(ubuntu), by: alice) == .idsExhausted)
    desk.done(.read(peer: alice, upTo: Seq(1)), on: .user(bob), by: bob)
  }

  @Test(
    "what is ahead is said in the two largest units",
    arguments: [
      (900, "0 s"), (3_598_000, "59 min 58 s"), (3_600_000, "1 h"), (90_061_000, "1 d 1 h"),
      (7_200_000 + 5_000, "2 h"), (34_560_000_000, "400 d"),
    ] as [(UInt64, String)])
  func spans(_ row: (UInt64, String)) {
    #expect(PartitionClocks.span(row.0) == row.1)
  }

  @Test("a clock that is set lets nothing overtake what was turned away, and holds nothing longer")
  func heldBack() async throws {
    let origin = IssuedOrigin(Origin("phone".utf8)!, user: alice)
    var held = HeldBack()
    held.turnedAway(IssuedNumber(origin, number: 1), uptime: Timestamp(milliseconds: 1))
    let second = IssuedNumber(origin, number: 2)
    let early = held.mayPass(second, uptime: Timestamp(milliseconds: HeldBack.milliseconds))
    let late = held.mayPass(second, uptime: Timestamp(milliseconds: HeldBack.milliseconds + 2))
    #expect(!early && late)
  }
}
