import DaybookModel
import DaybookSchema
import NIOCore
import Testing

@Suite("events of a later program's kinds")
struct UnknownKindTests {
  /// A note, with its body under another field.
  private func event(field: UInt64, seq: UInt64) -> ByteBuffer {
    var bytes = ByteBuffer()
    let stream = "user/bob"
    bytes.writeBytes([1 << 3 | 2, UInt8(stream.utf8.count)])
    bytes.writeString(stream)
    bytes.writeBytes([2 << 3, UInt8(seq)])
    bytes.writeBytes([5 << 3 | 2, 5])
    bytes.writeString("alice")
    var tag = field << 3 | 2
    while tag > 127 {
      bytes.writeInteger(UInt8(tag & 127 | 128))
      tag >>= 7
    }
    bytes.writeBytes([UInt8(tag), 2, 1, 1])
    return bytes
  }

  @Test(
    "have their place in a batch, and say of what stream they are", arguments: [120, 250, 9_999])
  func slots(field: UInt64) throws {
    let bytes = event(field: field, seq: 7)
    let slot = try bytes.withUnsafeReadableBytes { try EventScan.slot(of: $0, start: 4) }
    #expect(slot.kind == nil && slot.seq == Seq(7) && slot.conversation == 0)
    #expect(slot.stream == StreamKey.user(UserID(checked: "bob")).fingerprint)
    #expect(slot.length == UInt32(bytes.readableBytes))
  }

  @Test("are no events to whoever has to know what they mean")
  func decoding() {
    let error = #expect(throws: DaybookError.self) {
      try EventDecoding.decode(event(field: 120, seq: 7))
    }
    #expect(error?.code == .logCorrupt)
  }

  @Test("without a body, an event is none")
  func noBody() {
    var bytes = ByteBuffer()
    bytes.writeBytes([1 << 3 | 2, 8])
    bytes.writeString("user/bob")
    #expect(throws: DaybookError.self) {
      try bytes.withUnsafeReadableBytes { try EventScan.slot(of: $0, start: 0) }
    }
  }
}
