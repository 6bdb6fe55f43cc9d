import DaybookModel
import DaybookSchema
import Doubles
import Mirror
import SwiftProtobuf
import Testing

@Suite("Redaction")
struct RedactionTests {
  private let protobuf = RecordFormat(
    source: RecordFormatTests.source, shape: RecordShape(redaction: .content))
  private let json = RecordFormat(
    source: RecordFormatTests.source, shape: RecordShape(value: .json, redaction: .content))

  @Test("contents are left out and all else is kept, of every kind", arguments: EventKind.allCases)
  func everyKind(kind: EventKind) throws {
    var samples = SampleEvents(seed: 800 + UInt64(kind.rawValue))
    for _ in 0..<100 {
      let bytes = Events.bytes(samples.event(kind))
      var expected = try Daybook_V1_Event(serializedBytes: bytes)
      switch expected.body {
      case .messageSent: expected.messageSent.clearContent()
      case .messageCopied: expected.messageCopied.clearContent()
      case .messageWithheld: expected.messageWithheld.clearContent()
      case .messageEdited: expected.messageEdited.clearContent()
      case .amendmentWithheld: expected.amendmentWithheld.clearContent()
      default: break
      }
      let record = try #require(
        try protobuf.topicRecord(of: bytes, at: .zero, of: PartitionID(0)))
      let whole: [UInt8] = try expected.serializedBytes()
      #expect(record.value == whole)
      let asJSON = try #require(try json.topicRecord(of: bytes, at: .zero, of: PartitionID(0)))
      #expect(try Daybook_V1_Event(jsonUTF8Bytes: asJSON.value ?? []) == expected)
    }
  }

  @Test("a field of a later version stays, and content that is written twice goes twice")
  func laterFields() throws {
    let body: [UInt8] = [0x0a, 2, 0x0a, 0, 0xa2, 0x06, 1, 7, 0x0a, 0]
    let kept: [UInt8] = [0xa2, 0x06, 1, 7]
    func event(_ body: [UInt8]) -> [UInt8] {
      [0x0a, 6] + Array("user/b".utf8) + [0x82, 0x01, UInt8(body.count)] + body + [
        0xa2, 0x3f, 1, 9,
      ]
    }
    let record = try protobuf.topicRecord(of: event(body), at: .zero, of: PartitionID(0))
    #expect(record?.value == event(kept))
  }
}
