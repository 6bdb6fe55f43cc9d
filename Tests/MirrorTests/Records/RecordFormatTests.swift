import DaybookModel
import DaybookSchema
import Doubles
import Mirror
import Testing

@Suite("A record of Kafka")
struct RecordFormatTests {
  static let source = LogSource(logID: "log1", branchID: "branch1", partitionCount: 8)

  private func format(_ shape: RecordShape = RecordShape()) -> RecordFormat {
    RecordFormat(source: Self.source, shape: shape)
  }

  @Test(
    "an event is a CloudEvent in binary mode, with the headers of schemas/kafka.md in their order")
  func headers() throws {
    let event = Events.bytes(Events.message(to: .group(GroupID(checked: "dev")), seq: 3))
    let record = try #require(
      try format().topicRecord(of: event, at: Offset(1_234), of: PartitionID(5)))
    let expected = [
      ("ce_specversion", "1.0"), ("ce_id", "5-1234"),
      ("ce_source", "/daybook/logs/log1/branches/branch1"), ("ce_type", "daybook.v1.message.sent"),
      ("ce_time", "2023-11-14T22:13:20.123Z"), ("ce_subject", "group/dev"),
      ("ce_partitionkey", "group/dev"), ("ce_sequence", "00000000000000001234"),
      ("content-type", "application/protobuf"),
    ]
    #expect(record.headers == expected.map { TopicRecord.Header($0.0, Array($0.1.utf8)) })
    #expect(record.key == Array("group/dev".utf8))
    #expect(record.value == event)
    #expect(record.timestampMilliseconds == 1_700_000_000_123)
  }

  @Test("names of attributes are such as CloudEvents allows, and none says the media type twice")
  func names() {
    for header in RecordHeader.allCases where header != .contentType {
      let name = "\(header.name)"
      #expect(name.hasPrefix("ce_"))
      // Section 3.1: lower-case letters and digits, at most 20 of them.
      #expect(name.dropFirst(3).allSatisfy { $0.isLowercase || $0.isNumber } && name.count <= 23)
    }
    #expect(!RecordHeader.allCases.map { "\($0.name)" }.contains("ce_datacontenttype"))
  }

  @Test("the same position of another branch, or of another log, has another source")
  func sources() throws {
    let event = Events.bytes(Events.message(to: .user(UserID(checked: "bob")), seq: 1))
    let names = try [("a", "b"), ("a", "c"), ("d", "b")].map { log, branch in
      let source = LogSource(logID: log, branchID: branch, partitionCount: 8)
      return try RecordFormat(source: source, shape: RecordShape())
        .topicRecord(of: event, at: .zero, of: PartitionID(0))?.text("ce_source")
    }
    #expect(Set(names).count == 3)
  }

  @Test("what CloudEvents forbids in a string is in the key alone")
  func noncharacters() throws {
    // Swift writes no noncharacter as a literal.
    let scalars: [(UInt32, Bool)] = [
      (0xe9, true), (0x65e5, true), (0x1f642, true), (0xfdcf, true), (0xfdd0, false),
      (0xfdef, false), (0xfdf0, true), (0xfffd, true), (0xfffe, false), (0xffff, false),
      (0x1fffd, true), (0x1fffe, false), (0x10ffff, false),
    ]
    for (number, isAllowed) in scalars {
      let id = "a" + String(Character(try #require(Unicode.Scalar(number))))
      let event = Events.bytes(Events.message(to: .user(UserID(checked: id)), seq: 1))
      let record = try #require(try format().topicRecord(of: event, at: .zero, of: PartitionID(0)))
      #expect(record.key == Array("user/\(id)".utf8))
      #expect(record.text("ce_subject") == (isAllowed ? "user/\(id)" : nil))
      #expect(record.text("ce_partitionkey") == (isAllowed ? "user/\(id)" : nil))
    }
  }

  @Test("what the headers say is what decoding says, of every kind", arguments: EventKind.allCases)
  func everyKind(kind: EventKind) throws {
    var samples = SampleEvents(seed: 700 + UInt64(kind.rawValue))
    var record = RecordBytes()
    for number in 0..<100 {
      // Times that RFC 3339 can write.
      var event = samples.event(kind)
      event.recordedAt = Timestamp(
        milliseconds: event.recordedAt.milliseconds % Limits.clientTimeMillisecondsMax)
      let bytes = Events.bytes(event)
      let isWritten = try bytes.withUnsafeBytes {
        try format().write($0, at: Offset(Int64(number)), of: PartitionID(7), to: &record)
      }
      #expect(isWritten)
      let time = record.timestampMilliseconds
      record.withView { view in
        #expect(Array(view.value) == bytes)
        #expect(Array(view.key) == Array(event.stream.text.utf8))
        #expect(view[.type].map(Array.init) == Array(RecordType.name(of: kind).utf8))
        #expect(view[.time].map(Array.init) == Array(event.recordedAt.rfc3339.utf8))
        #expect(view[.id].map(Array.init) == Array("7-\(number)".utf8))
      }
      #expect(time == Int64(event.recordedAt.milliseconds))
    }
  }

  @Test("a kind that this version doesn't know is refused, for its name would stand for ever")
  func unknownKind() throws {
    let event = Event(
      stream: .user(UserID(checked: "bob")), recordedAt: Timestamp(milliseconds: 1), actor: .none,
      body: .noted)
    // The body's tag, in which the number of the kind stands, is last but its length.
    var bytes = Events.bytes(event)
    #expect(Array(bytes.suffix(3)) == [0xea, 0x01, 0])
    bytes.replaceSubrange(bytes.count - 3..<bytes.count, with: [0x82, 0x07, 0])
    let error = #expect(throws: DaybookError.self) {
      try format().topicRecord(of: bytes, at: Offset(9), of: PartitionID(1))
    }
    #expect(error?.code == .formatVersion)
    // A mirror of certain kinds leaves it out, as all that it isn't told to have.
    let filter = try EventFilter(types: ["noted"], streams: [])
    let filtered = format(RecordShape(filter: filter))
    #expect(try filtered.topicRecord(of: bytes, at: Offset(9), of: PartitionID(1)) == nil)
  }

  @Test("bytes that are no event are refused")
  func torn() {
    for bytes in [[], [0x0a, 5, 0x61], Array("user/bob".utf8)] as [[UInt8]] {
      let error = #expect(throws: DaybookError.self) {
        try format().topicRecord(of: bytes, at: .zero, of: PartitionID(0))
      }
      #expect(error?.code == .logCorrupt)
    }
  }

  @Test("nothing of a record is left in the next one")
  func reused() throws {
    var record = RecordBytes()
    let forbidden = String(Character(try #require(Unicode.Scalar(0xffff))))
    for id in [forbidden, "bob", "a" + forbidden, "x"] {
      let event = Events.bytes(
        Events.message(to: .user(UserID(checked: id)), seq: 1, text: "to \(id)"))
      _ = try event.withUnsafeBytes {
        try format().write($0, at: Offset(4), of: PartitionID(2), to: &record)
      }
      let fresh = try #require(
        try format().topicRecord(of: event, at: Offset(4), of: PartitionID(2)))
      record.withView { view in
        #expect(fresh.value == Array(view.value) && fresh.key == Array(view.key))
        for header in RecordHeader.allCases {
          #expect(
            fresh.text("\(header.name)") == view[header].map { String(decoding: $0, as: UTF8.self) }
          )
        }
      }
    }
  }
}
