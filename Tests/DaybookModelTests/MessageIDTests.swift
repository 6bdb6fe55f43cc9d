import DaybookModel
import Testing

@Suite("Message ids")
struct MessageIDTests {
  let now = Timestamp(milliseconds: MessageID.zeroMilliseconds + 1_000)
  let partition = PartitionID(5)

  @Test("an id holds its time, its place within the millisecond, and its partition")
  func layout() {
    var clock = MessageClock()
    let first = clock.next(now: now, partition: PartitionID(1023))
    #expect(first.rawValue == 1_000 << 22 | 1023)
    #expect(first.time == now)
    #expect(first.partition == PartitionID(1023))
    let second = clock.next(now: now, partition: PartitionID(1023))
    #expect(second.rawValue == 1_000 << 22 | 1 << 10 | 1023)
  }

  @Test("ids rise, even while the wall clock stands still or goes back")
  func monotonic() {
    var clock = MessageClock()
    var last = MessageID.none
    for step in [0, 0, 5, 3, 3, 100, 0, 99, 101] as [UInt64] {
      let time = Timestamp(milliseconds: now.milliseconds + step)
      let id = clock.next(now: time, partition: partition)
      #expect(id > last)
      #expect(id.time >= time || step < 100)
      last = id
    }
  }

  @Test("a full counter borrows from the next millisecond")
  func borrowing() {
    var clock = MessageClock()
    var ids = Set<MessageID>()
    var last = MessageID.none
    for _ in 0..<4_097 {
      last = clock.next(now: now, partition: partition)
      ids.insert(last)
    }
    #expect(ids.count == 4_097)
    #expect(last.time.milliseconds == now.milliseconds + 1)
    let later = Timestamp(milliseconds: now.milliseconds + 1)
    #expect(clock.next(now: later, partition: partition) > last)
  }

  @Test("an id that was seen pushes the clock past it, whatever its partition")
  func observing() {
    var clock = MessageClock()
    let ahead = Timestamp(milliseconds: now.milliseconds + 4_000)
    var other = MessageClock()
    let seen = other.next(now: ahead, partition: PartitionID(900))
    clock.observe(seen)
    #expect(clock.next(now: now, partition: PartitionID(0)) > seen)
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

  @Test("an id stays within 63 bits until 2089, and a clock before 2020 counts from zero")
  func bounds() throws {
    let end = try #require(Timestamp.midnight(year: 2089, month: 1, day: 1))
    var clock = MessageClock()
    #expect(clock.next(now: end, partition: partition).rawValue < 1 << 63)
    var early = MessageClock()
    #expect(early.next(now: .none, partition: partition).ticks == 1)
  }
}
