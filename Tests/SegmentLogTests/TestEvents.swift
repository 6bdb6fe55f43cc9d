import DaybookModel
import NIOCore
import Ports

@testable import SegmentLog

/// An event of these tests: four numbers and a text, laid out so that a scan is trivial.
struct TestEvent: Equatable, Sendable {
  var stream: UInt64 = 1
  var conversation: UInt64 = 0
  var seq: UInt64 = 0
  var messageID: UInt64 = 0
  var text: String = ""

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for number in [stream, conversation, seq, messageID] {
      withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes + Array(text.utf8)
  }

  init(
    stream: UInt64 = 1, conversation: UInt64 = 0, seq: UInt64 = 0, messageID: UInt64 = 0,
    text: String = ""
  ) {
    self.stream = stream
    self.conversation = conversation
    self.seq = seq
    self.messageID = messageID
    self.text = text
  }

  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 32 else { return nil }
    func number(_ index: Int) -> UInt64 {
      UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
    }
    self.init(
      stream: number(0), conversation: number(1), seq: number(2), messageID: number(3),
      text: String(decoding: bytes[32...], as: UTF8.self))
  }

  func slot(start: Int) -> EventSlot {
    EventSlot(
      start: UInt32(start), length: UInt32(bytes.count), stream: stream,
      conversation: conversation, seq: Seq(seq), messageID: MessageID(messageID),
      kind: .messageSent)
  }
}

struct TestScanner: EventScanner {
  func scan(_ batch: CommittedBatch, into slots: inout [EventSlot]) throws(DaybookError) {
    var start = 0
    try batch.forEachEvent { (_, bytes) throws(DaybookError) in
      guard let event = TestEvent(bytes) else {
        throw DaybookError(.logCorrupt, "no test event")
      }
      slots.append(event.slot(start: start + 4))
      start += 4 + bytes.count
    }
  }
}

func makeBatch(
  _ events: [TestEvent], generation: UInt64? = nil,
  recordedAt: Timestamp = Timestamp(milliseconds: 1)
) -> AppendBatch {
  var buffer = ByteBuffer(repeating: 0, count: BatchHeader.byteCount)
  var slots: [EventSlot] = []
  for event in events {
    let bytes = event.bytes
    buffer.writeInteger(UInt32(bytes.count), endianness: .little)
    slots.append(event.slot(start: buffer.writerIndex - BatchHeader.byteCount))
    buffer.writeBytes(bytes)
  }
  return AppendBatch(
    bytes: buffer, slots: slots, firstRecordedAt: recordedAt,
    lastRecordedAt: Timestamp(milliseconds: recordedAt.milliseconds + 1), generation: generation)
}

extension CommittedBatch {
  func testEvents() throws -> [TestEvent] {
    var events: [TestEvent] = []
    try forEachEvent { (_, bytes) throws(DaybookError) in
      guard let event = TestEvent(bytes) else { throw DaybookError(.logCorrupt, "no test event") }
      events.append(event)
    }
    return events
  }
}
