import DaybookModel
import DaybookSchema
import Doubles
import Mirror
import Testing

/// A copy of a topic in which something is not as it was, and what is said of it.
@Suite("A broken copy of a topic")
struct BrokenTopicTests {
  struct Damage: CustomTestStringConvertible, Sendable {
    var name: String
    var cause: TopicDifference.Cause
    /// Record of the partition at which it is seen, and event that is concerned, by index.
    var record: Int
    var event: Int
    var damage: @Sendable (inout [TopicRecord]) -> Void
    var testDescription: String { name }
  }

  static let damages = [
    Damage(name: "a byte of a value", cause: .value, record: 7, event: 7) {
      $0[7].value?[20] ^= 1
    },
    Damage(name: "a byte of the first value", cause: .value, record: 0, event: 0) {
      $0[0].value?[20] ^= 1
    },
    Damage(name: "a byte more", cause: .value, record: 7, event: 7) { $0[7].value?.append(0) },
    Damage(name: "no value", cause: .value, record: 7, event: 7) { $0[7].value = nil },
    Damage(name: "a byte of a key", cause: .key, record: 7, event: 7) { $0[7].key?[2] ^= 1 },
    Damage(name: "no key", cause: .key, record: 7, event: 7) { $0[7].key = nil },
    Damage(name: "another time", cause: .timestamp, record: 7, event: 7) {
      $0[7].timestampMilliseconds += 1
    },
    Damage(name: "a header that is not there", cause: .header, record: 7, event: 7) {
      $0[7].headers.remove(at: 4)
    },
    Damage(name: "a header more", cause: .header, record: 7, event: 7) {
      $0[7].headers.append(.init("x", nil))
    },
    Damage(name: "headers in another order", cause: .header, record: 7, event: 7) {
      $0[7].headers.swapAt(3, 4)
    },
    Damage(name: "a record that was dropped", cause: .missing, record: 7, event: 7) {
      $0.remove(at: 7)
    },
    Damage(name: "the first record that was dropped", cause: .missing, record: 0, event: 0) {
      $0.remove(at: 0)
    },
    Damage(name: "several records that were dropped", cause: .missing, record: 7, event: 7) {
      $0.removeSubrange(7..<12)
    },
    Damage(name: "a record that was doubled", cause: .duplicate, record: 8, event: 7) {
      $0.insert($0[7], at: 8)
    },
    Damage(name: "a record that is there again later", cause: .duplicate, record: 20, event: 7) {
      $0.insert($0[7], at: 20)
    },
    Damage(name: "two records that were swapped", cause: .outOfOrder, record: 8, event: 7) {
      $0.swapAt(7, 8)
    },
    Damage(
      name: "two records far apart that were swapped", cause: .outOfOrder, record: 30, event: 7
    ) { $0.swapAt(7, 30) },
    Damage(name: "a record that was moved back", cause: .outOfOrder, record: 30, event: 7) {
      let moved = $0.remove(at: 7)
      $0.insert(moved, at: 30)
    },
    Damage(name: "a record of another log", cause: .foreign, record: 7, event: 7) {
      var other = $0[7]
      other.headers[2].value = Array("/daybook/logs/other/branches/branch".utf8)
      other.value?[20] ^= 1
      $0.insert(other, at: 7)
    },
    Damage(name: "a record that is none of a mirror's", cause: .noEvent, record: 7, event: 7) {
      $0.insert(
        TopicRecord(
          offset: 0, key: nil, value: Array("hello".utf8), headers: [], timestampMilliseconds: 1),
        at: 7)
    },
    Damage(name: "an event that the log doesn't have", cause: .notInLog, record: 7, event: 99_999) {
      var other = $0[7]
      other.headers[1].value = Array("0-99999".utf8)
      other.value?[20] ^= 1
      $0.insert(other, at: 7)
    },
    Damage(name: "a name that was changed", cause: .header, record: 7, event: 7) {
      $0[7].headers[1].value = Array("0-9".utf8)
    },
    Damage(name: "a doubled record that was changed", cause: .duplicate, record: 8, event: 7) {
      var other = $0[7]
      other.value?[20] ^= 1
      $0.insert(other, at: 8)
    },
  ]

  private static func mirror(
    _ shape: RecordShape, _ rule: OffsetRule = .contiguous
  ) throws -> ArrayMirror {
    let log = MemoryLog(partitions: 2, offsets: rule)
    var chatter = Chatter(seed: 3)
    log.append(chatter.events(200))
    var mirror = ArrayMirror(log, shape: shape)
    try mirror.run()
    return mirror
  }

  @Test("is different: partition, offset and cause are named", arguments: damages)
  func damaged(_ damage: Damage) throws {
    for value in RecordShape.Value.allCases {
      let mirror = try Self.mirror(RecordShape(value: value))
      damage.damage(&mirror.topic.partitions[0])
      // As a copy has it, record by record.
      for index in mirror.topic.partitions[0].indices {
        mirror.topic.partitions[0][index].offset = Int64(index)
      }
      let report = try mirror.report()
      #expect(report.verdict == .different)
      let found = try #require(report.partitions[0].difference)
      #expect(found.cause == damage.cause, "\(found)")
      #expect(found.partition == PartitionID(0))
      #expect(found.topicOffset == Int64(damage.record), "\(found)")
      #expect(found.offset == Offset(Int64(damage.event)), "\(found)")
      // What is in another partition is its own matter.
      #expect(report.partitions[1].difference == nil && report.partitions[1].digest == .equal)
    }
  }

  @Test("any byte of any record that is another one is found")
  func everyByte() throws {
    let mirror = try Self.mirror(RecordShape())
    var random = SplitMix(state: 5)
    let whole = mirror.topic.partitions[0]
    for index in whole.indices {
      var record = whole[index]
      let count = record.value?.count ?? 0
      record.value?[Int(random.next() % UInt64(count))] ^= UInt8(1 << (random.next() % 8))
      mirror.topic.partitions[0][index] = record
      let found = try #require(try mirror.report().partitions[0].difference)
      #expect(found.cause == .value && found.topicOffset == record.offset)
      #expect(found.offset == Offset(Int64(index)))
      mirror.topic.partitions[0][index] = whole[index]
    }
    #expect(try mirror.report().verdict == .equal)
  }

  @Test("any record that is dropped, doubled or swapped with the next is named", arguments: 0..<2)
  func everyRecord(rule: Int) throws {
    let mirror = try Self.mirror(RecordShape(), [.contiguous, .gaps][rule])
    let whole = mirror.topic.partitions[0]
    func offset(_ record: TopicRecord) throws -> Offset {
      let digits = try #require(record.text("ce_sequence"))
      return Offset(try #require(Int64(digits)))
    }
    for index in whole.indices {
      let own = try offset(whole[index])
      mirror.topic.partitions[0] = whole
      mirror.topic.partitions[0].remove(at: index)
      var found = try #require(try mirror.report().partitions[0].difference)
      #expect(found.cause == .missing && found.offset == own)

      var doubled = whole[index]
      doubled.offset += 1
      mirror.topic.partitions[0] = Array(whole[...index]) + [doubled]
      mirror.topic.partitions[0] += whole[(index + 1)...].map { record in
        var record = record
        record.offset += 1
        return record
      }
      let report = try mirror.report()
      found = try #require(report.partitions[0].difference)
      #expect(found.cause == .duplicate && found.offset == own)
      // All else was compared all the same.
      #expect(report.partitions[0].events == UInt64(whole.count))
      #expect(report.partitions[0].duplicates == 1 && report.partitions[0].digest == .equal)

      guard index + 1 < whole.count else { continue }
      mirror.topic.partitions[0] = whole
      mirror.topic.partitions[0].swapAt(index, index + 1)
      mirror.topic.partitions[0][index].offset = whole[index].offset
      mirror.topic.partitions[0][index + 1].offset = whole[index + 1].offset
      found = try #require(try mirror.report().partitions[0].difference)
      #expect(found.cause == .outOfOrder && found.offset == own)
    }
  }

  @Test("an event that a filter leaves out is named as such")
  func filtered() throws {
    let filter = try EventFilter(types: ["message_sent"], streams: [])
    let mirror = try Self.mirror(RecordShape(filter: filter))
    let whole = RecordFormat(
      source: LogSource(logID: "memory", branchID: "branch", partitionCount: 2),
      shape: RecordShape())
    let batches = mirror.log.batches(PartitionID(0))
    var ack: (Offset, [UInt8])?
    for batch in batches {
      try batch.forEachEvent { index, bytes throws(DaybookError) in
        if try EventHead(bytes).kind == .acked, ack == nil {
          ack = (batch.offset(of: index), Array(bytes))
        }
      }
    }
    let (offset, bytes) = try #require(ack)
    let record = try #require(
      try whole.topicRecord(of: bytes, at: offset, of: PartitionID(0), topicOffset: 0))
    mirror.topic.partitions[0] =
      [record]
      + mirror.topic.partitions[0].map {
        var record = $0
        record.offset += 1
        return record
      }
    let found = try #require(try mirror.report().partitions[0].difference)
    #expect(found.cause == .filtered && found.offset == offset && found.topicOffset == 0)
  }

  @Test("records that are lost at the end are missing, not behind")
  func cutOff() throws {
    let mirror = try Self.mirror(RecordShape())
    let last = mirror.topic.partitions[0].removeLast()
    let found = try #require(try mirror.report().partitions[0].difference)
    #expect(found.cause == .missing && found.topicOffset == nil)
    #expect(last.text("ce_id") == "0-\(found.offset)")
    // A copy of which nobody has written down how far it should go is behind.
    var copy = mirror
    copy.positions = [:]
    #expect(try copy.report().verdict == .behind)
    #expect(try copy.report().partitions[0].behind == 1)
  }

  @Test("a log that was rolled back is no log of this topic")
  func rolledBack() throws {
    let mirror = try Self.mirror(RecordShape())
    let shorter = MemoryLog(partitions: 2)
    var chatter = Chatter(seed: 3)
    shorter.append(chatter.events(150))
    var verification = try MirrorVerification(
      log: shorter, topic: mirror.topic, format: mirror.format,
      partitions: [PartitionID(0), PartitionID(1)], positions: mirror.positions)
    try verification.run { _, _ in }
    for partition in verification.report.partitions {
      #expect(partition.difference?.cause == .notInLog)
      #expect(partition.difference?.offset == shorter.highWatermark(of: partition.partition))
    }
  }

  @Test("a digest of other events is told, though all records are right")
  func digest() throws {
    var mirror = try Self.mirror(RecordShape())
    [1].withUnsafeBytes { mirror.positions[PartitionID(1)]?.digest.add($0) }
    let report = try mirror.report()
    #expect(report.partitions[1].difference?.cause == .digest)
    #expect(report.partitions[1].digest == .differs && report.partitions[0].digest == .equal)
  }

  @Test("a log whose seqs don't follow each other is told")
  func seqs() throws {
    let log = MemoryLog(partitions: 1)
    let bob = StreamKey.user(UserID(checked: "bob"))
    log.append([1, 2, 4].map { Events.message(to: bob, seq: $0) })
    var mirror = ArrayMirror(log)
    try mirror.run()
    let found = try #require(try mirror.report().partitions[0].difference)
    #expect(found.cause == .seq && found.offset == Offset(2))
  }

  @Test("JSON that says the same in other words is equal, and what says something else is not")
  func words() throws {
    let mirror = try Self.mirror(RecordShape(value: .json))
    let whole = mirror.topic.partitions[0]
    for index in whole.indices {
      let value = try JSONReader.read(whole[index].value ?? [])
      guard case .object(let members) = value else { throw CancellationError() }
      let shuffled = members.reversed().map { "\(JSONValue.quoted($0.name)) :\n\(text($0.value))" }
      mirror.topic.partitions[0][index].value = Array(
        "{ \(shuffled.joined(separator: " , ")) }".utf8)
    }
    #expect(try mirror.report().verdict == .equal)
    for broken in [
      "{}", "[]", "not JSON", "",
      String(decoding: whole[3].value ?? [], as: UTF8.self).replacing("17000", with: "17001"),
      String(decoding: whole[3].value?.dropLast() ?? [], as: UTF8.self) + ",\"x\":1}",
    ] {
      mirror.topic.partitions[0][3].value = Array(broken.utf8)
      let found = try #require(try mirror.report().partitions[0].difference)
      #expect(found.cause == .value && found.offset == Offset(3), "\(broken)")
    }
  }

  private func text(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let digits): digits
    case .string(let text): JSONValue.quoted(text)
    case .array(let elements): "[\(elements.map(text).joined(separator: " ,"))]"
    case .object(let members):
      "{\(members.map { "\(JSONValue.quoted($0.name)): \(text($0.value))" }.joined(separator: ","))}"
    }
  }
}
