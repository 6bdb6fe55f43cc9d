import DaybookModel
import Testing

@Suite("Message ids")
struct MessageIDTests {
  let now = Timestamp(milliseconds: MessageID.zeroMilliseconds + 1_000)
  let partition = PartitionID(5)

  private func next(
    _ clock: inout MessageClock, _ now: Timestamp, _ partition: PartitionID
  ) throws -> MessageID {
    let id = clock.next(now: now, partition: partition)
    return try #require(id)
  }

  @Test("an id holds its time, its place within the millisecond, and its partition")
  func layout() throws {
    var clock = MessageClock()
    let first = try next(&clock, now, PartitionID(1023))
    #expect(first.rawValue == 1_000 << 22 | 1023)
    #expect(first.time == now)
    #expect(first.partition == PartitionID(1023))
    let second = try next(&clock, now, PartitionID(1023))
    #expect(second.rawValue == 1_000 << 22 | 1 << 10 | 1023)
  }

  @Test("ids rise, even while the wall clock stands still or goes back")
  func monotonic() throws {
    var clock = MessageClock()
    var last = MessageID.none
    for step in [0, 0, 5, 3, 3, 100, 0, 99, 101] as [UInt64] {
      let time = Timestamp(milliseconds: now.milliseconds + step)
      let id = try next(&clock, time, partition)
      #expect(id > last)
      #expect(id.time >= time || step < 100)
      last = id
    }
  }

  @Test("a full counter borrows from the next millisecond")
  func borrowing() throws {
    var clock = MessageClock()
    var ids = Set<MessageID>()
    var last = MessageID.none
    for _ in 0..<4_097 {
      last = try next(&clock, now, partition)
      ids.insert(last)
    }
    #expect(ids.count == 4_097)
    #expect(last.time.milliseconds == now.milliseconds + 1)
    let later = Timestamp(milliseconds: now.milliseconds + 1)
    let after = try next(&clock, later, partition)
    #expect(after > last)
  }

  @Test("an id that was seen pushes the clock past it, whatever its partition")
  func observing() throws {
    var clock = MessageClock()
    let ahead = Timestamp(milliseconds: now.milliseconds + 4_000)
    var other = MessageClock()
    let seen = try next(&other, ahead, PartitionID(900))
    clock.observe(seen)
    let pushed = try next(&clock, now, PartitionID(0))
    #expect(pushed > seen)
  }

  @Test("an id that lies behind changes nothing")
  func observingOld() {
    var clock = MessageClock()
    _ = clock.next(now: now, partition: partition)
    let before = clock
    clock.observe(MessageID(17))
    clock.observe(.none)
    #expect(clock == before)
  }

  @Test("ids end at 63 bits, in 2089: the clock gives none past them, and none twice")
  func bounds() throws {
    var clock = MessageClock()
    let last = try next(&clock, MessageID.lastTime, PartitionID(1023))
    #expect(last.isInRange)
    #expect(last.time == MessageID.lastTime)
    #expect(MessageID.lastTime.rfc3339.hasPrefix("2089-09-06"))
    for _ in 1..<4096 {
      let id = try next(&clock, .none, partition)
      #expect(id.isInRange)
    }
    let spent = clock
    for time in [Timestamp.none, Timestamp(milliseconds: .max)] {
      let none = clock.next(now: time, partition: partition)
      #expect(none == nil && clock == spent)
    }
    var early = MessageClock()
    let first = try next(&early, .none, partition)
    #expect(first.ticks == 1)
  }

  @Test("what a clock past 2089 once gave moves no clock, and nobody may claim it")
  func outOfRange() throws {
    var clock = MessageClock()
    _ = clock.next(now: now, partition: partition)
    let before = clock
    for value in [1 << 63, 9_379_930_042_257_113_089, UInt64.max] {
      clock.observe(MessageID(value))
      let error = #expect(throws: DaybookError.self) { try MessageID(claimed: value) }
      #expect(error?.code == .invalidRequest)
    }
    #expect(clock == before)
    #expect(try MessageID(claimed: 1 << 63 - 1).isInRange)
  }
}
