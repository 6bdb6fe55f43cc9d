import DaybookModel
import DaybookSchema
import Doubles
import Foundation
import Mirror
import SwiftProtobuf
import Testing

@Suite("Events as JSON")
struct EventJSONTests {
  private func json(
    _ event: [UInt8], _ redaction: RecordShape.Redaction = .none
  ) throws -> [UInt8] {
    let format = RecordFormat(
      source: RecordFormatTests.source, shape: RecordShape(value: .json, redaction: redaction))
    let record = try format.topicRecord(of: event, at: .zero, of: PartitionID(0))
    return try #require(record?.value)
  }

  @Test("a message is written as schemas/kafka.md shows")
  func documented() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../schemas/kafka.md")
    let parts = try String(contentsOf: page, encoding: .utf8).components(
      separatedBy: "```json event\n")
    try #require(parts.count == 2)
    let event = Event(
      stream: .user(UserID(checked: "bob")), seq: Seq(7), messageID: MessageID(804_331_122_688),
      recordedAt: Timestamp(milliseconds: 1_700_000_000_123),
      actor: Actor(user: UserID(checked: "alice")),
      body: .messageSent(Message(content: ContentCoding.text("hello"))))
    let written = String(decoding: try json(Events.bytes(event)), as: UTF8.self)
    #expect(parts[1].hasPrefix(written + "\n```"))
  }

  @Test("integers of 64 bits are strings, and bytes base64")
  func message() throws {
    let event = Event(
      stream: .user(UserID(checked: "bob")), seq: Seq(7),
      messageID: MessageID(9_007_199_254_740_993),
      recordedAt: Timestamp(milliseconds: 1_700_000_000_123),
      actor: Actor(user: UserID(checked: "alice")),
      body: .messageSent(Message(content: ContentCoding.text("hi"))))
    let value = try JSONReader.read(try json(Events.bytes(event)))
    #expect(value["stream"] == .string("user/bob"))
    #expect(value["seq"] == .string("7"))
    // A number would have lost its last digit.
    #expect(value["message_id"] == .string("9007199254740993"))
    #expect(value["recorded_at_ms"] == .string("1700000000123"))
    #expect(value["message_sent"]?["content"]?["plain"]?["body"] == .string("aGk="))
  }

  @Test(
    "whoever reads it by protobuf's mapping has the event's bytes again",
    arguments: EventKind.allCases)
  func roundTrip(kind: EventKind) throws {
    var samples = SampleEvents(seed: 900 + UInt64(kind.rawValue))
    for _ in 0..<50 {
      let bytes = Events.bytes(samples.event(kind))
      let read = try Daybook_V1_Event(jsonUTF8Bytes: try json(bytes))
      let written: [UInt8] = try read.serializedBytes()
      #expect(written == bytes)
    }
  }

  @Test("the body has the event's name, as events.md has it", arguments: EventKind.allCases)
  func names(kind: EventKind) throws {
    var samples = SampleEvents(seed: 950 + UInt64(kind.rawValue))
    let value = try JSONReader.read(try json(Events.bytes(samples.event(kind))))
    #expect(value[kind.name] != nil)
  }
}
