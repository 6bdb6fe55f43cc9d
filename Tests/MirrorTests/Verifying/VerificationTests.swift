import DaybookModel
import Doubles
import Mirror
import Testing

@Suite("A topic held against its log")
struct VerificationTests {
  private static func log(_ rule: OffsetRule = .contiguous, events: Int = 200) -> MemoryLog {
    let log = MemoryLog(partitions: 3, offsets: rule)
    var chatter = Chatter(seed: 1)
    log.append(chatter.events(events))
    return log
  }

  private static func shapes() throws -> [RecordShape] {
    let filter = try EventFilter(types: ["message_sent"], streams: ["user/*", "group/group7"])
    return [
      RecordShape(), RecordShape(value: .json), RecordShape(redaction: .content),
      RecordShape(filter: filter), RecordShape(value: .json, filter: filter, redaction: .content),
      RecordShape(filter: try EventFilter(types: ["acked"], streams: [])),
    ]
  }

  @Test(
    "what a mirror made is equal, whatever it makes and wherever the log's offsets lie",
    arguments: 0..<6, [OffsetRule.contiguous, .from1000, .gaps])
  func equal(shape: Int, rule: OffsetRule) throws {
    let log = Self.log(rule)
    var mirror = ArrayMirror(log, shape: try Self.shapes()[shape])
    try mirror.run()
    let report = try mirror.report()
    #expect(report.verdict == .equal)
    #expect(report.partitions.allSatisfy { $0.digest == .equal && $0.duplicates == 0 })
    let records = mirror.topic.partitions.reduce(0) { $0 + $1.count }
    #expect(report.partitions.reduce(0) { $0 + $1.events } == UInt64(records))
    #expect(report.partitions.reduce(0) { $0 + $1.events + $1.filtered } == 200)
    #expect(report.gaps.isEmpty == mirror.format.shape.filter.isAll)
  }

  @Test("one that is not at the head is behind, and equal once it is", arguments: 0..<6)
  func behind(shape: Int) throws {
    let log = Self.log()
    var mirror = ArrayMirror(log, shape: try Self.shapes()[shape])
    try mirror.run(eventsMax: 20)
    var verification = try mirror.verification()
    try verification.run { _, _ in }
    #expect(verification.report.verdict == .behind)
    // What the topic lacks, no less; of what a filter leaves out, nobody is behind.
    let lacking = verification.report.partitions.map(\.behind)
    #expect(lacking.allSatisfy { $0 > 0 && $0 <= 80 })
    try mirror.run()
    verification.update(mirror.positions)
    try verification.run { _, _ in }
    #expect(verification.report.verdict == .equal)
    #expect(verification.report.partitions.allSatisfy { $0.digest == .equal })
    #expect(verification.report == (try mirror.report()))
  }

  @Test("what is mirrored meanwhile is compared when it is there, by the digests stated then")
  func followed() throws {
    let log = MemoryLog(partitions: 3, offsets: .gaps)
    var chatter = Chatter(seed: 2)
    var mirror = ArrayMirror(log)
    var verification = try mirror.verification()
    var (done, total): (UInt64, UInt64) = (0, 0)
    for _ in 0..<20 {
      log.append(chatter.events(13))
      try mirror.run()
      verification.update(mirror.positions)
      try verification.run { (done, total) = ($0, $1) }
      #expect(verification.report.verdict == .equal && done == total)
      #expect(verification.report.partitions.allSatisfy { $0.digest == .equal })
    }
    #expect(verification.report == (try mirror.report()))
    #expect(verification.report.partitions.reduce(0) { $0 + $1.events } == 260)
    // The mirror is one commit ahead of what this looked at: the next look finds it.
    log.append(chatter.events(13))
    try mirror.run()
    mirror.topic.partitions[1].removeLast()
    verification.update(mirror.positions)
    try verification.run { _, _ in }
    #expect(verification.report.partitions[1].difference?.cause == .missing)
  }

  @Test("a mirror that began later, and a look at the last part of one, begin there")
  func from() throws {
    let log = Self.log(.from1000, events: 600)
    var late = ArrayMirror(log, from: Offset(1_030))
    try late.run()
    let whole = try late.report()
    #expect(whole.verdict == .equal && whole.partitions.allSatisfy { $0.from == Offset(1_030) })
    #expect(whole.partitions.allSatisfy { $0.digest == .equal })
    for from in [1_031, 1_040, 1_060] as [Int64] {
      let part = try late.report(from: Offset(from))
      #expect(part.verdict == .equal)
      for (part, whole) in zip(part.partitions, whole.partitions) {
        #expect(part.from == Offset(from) && part.next == whole.next)
        #expect(part.events == whole.events - UInt64(from - 1_030))
        // Not all that went into it was read.
        #expect(part.digest == .notChecked)
      }
    }
    // What is before it may be as it will.
    late.topic.partitions[0][3].value = [1]
    #expect(try late.report(from: Offset(1_040)).verdict == .equal)
    #expect(try late.report(from: Offset(1_033)).verdict == .different)
  }

  @Test("a beginning past the log's head is refused")
  func pastHead() throws {
    var mirror = ArrayMirror(Self.log())
    try mirror.run()
    let one = [PartitionID(1)]
    let error = #expect(throws: DaybookError.self) {
      try MirrorVerification(
        log: mirror.log, topic: mirror.topic, format: mirror.format, partitions: one,
        positions: mirror.positions, from: Offset(10_000))
    }
    #expect(error?.code == .offsetOutOfRange)
  }

  @Test("of a filtered mirror, what each stream lacks is stated")
  func gaps() throws {
    let log = MemoryLog(partitions: 1)
    let bob = StreamKey.user(UserID(checked: "bob"))
    let dev = StreamKey.group(GroupID(checked: "dev"))
    func read(_ seq: UInt64) -> Event {
      var event = Events.message(to: bob, seq: seq)
      event.body = .read(peer: UserID(checked: "alice"), upTo: Seq(1))
      return event
    }
    log.append([
      Events.message(to: bob, seq: 1), read(2), read(3), Events.acked(in: bob, upTo: 3),
      Events.message(to: dev, seq: 1), Events.message(to: bob, seq: 4), read(5),
      Events.message(to: bob, seq: 6), read(7),
    ])
    let filter = try EventFilter(types: ["message_sent"], streams: [])
    var mirror = ArrayMirror(log, shape: RecordShape(filter: filter))
    try mirror.run()
    let report = try mirror.report()
    #expect(report.verdict == .equal)
    #expect(
      report.gaps == [
        StreamGaps(stream: bob, head: Seq(7), missing: 4, gaps: 3, firstMissing: Seq(2))
      ])
    #expect(report.partitions[0].filtered == 5 && report.partitions[0].events == 4)
  }
}

extension OffsetRule: CustomTestStringConvertible {
  public var testDescription: String { "from \(start)" }
}
