import DaybookModel
import Doubles
import NIOCore
import WireProtocol

/// What no client should say.
enum SoakMischief {
  private static func bytes(_ count: Int, _ random: inout SplitMix) -> ByteBuffer {
    ByteBuffer(bytes: (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
  }

  /// After this the server can't tell where the next frame begins.
  static func garbage(on line: RawLine, _ random: inout SplitMix) {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: line.writeRaw(bytes(Int.random(in: 1...3_000, using: &random), &random))
    case 1: line.writeBelow(bytes(Int.random(in: 1...3_000, using: &random), &random))
    case 2:
      // A frame of four gigabytes.
      var head = ByteBuffer()
      head.writeMultipleIntegers(UInt32(20), UInt32(1), UInt32(16), UInt32(9_999), UInt32.max)
      if line.transport.isWebSocket { line.write(.binary, head) } else { line.writeRaw(head) }
    case 3:
      let message = bytes(200, &random)
      if line.transport.isWebSocket { line.write(.text, message) } else { line.writeRaw(message) }
    case 4: line.writeRaw(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
    default:
      // Not masked, with reserved bits; or a header that is too short.
      line.writeRaw(
        ByteBuffer(bytes: [0xf2, 0x05, 0, 0, 0, 0, 0] + Array(repeating: 0, count: 20)))
    }
  }

  /// Frames that are refused one by one.
  static func nonsense(on line: RawLine, _ random: inout SplitMix) {
    let types: [FrameType] = [.send, .ack, .read, .join, .history, .fetch, .createGroup]
    for _ in 0..<5 {
      let type = types[Int.random(in: 0..<types.count, using: &random)]
      guard !line.transport.isJSON else {
        let text = [#"{"sequence":\#(line.sequence + 1),"send":7}"#, #"{"sequence":1e9}"#]
        line.sequence += 1
        line.write(.text, ByteBuffer(string: text[0]))
        continue
      }
      line.write(type, bytes(Int.random(in: 1...40, using: &random), &random))
    }
    if !line.transport.isJSON { line.write(FrameType(rawValue: 0xfe), ByteBuffer()) }
  }

  /// The first bytes of a frame.
  static func torn(on line: RawLine) {
    var frame = ByteBuffer()
    frame.writeFrame(.send, sequence: line.sequence + 1, body: ByteBuffer(repeating: 1, count: 400))
    let part = frame.getSlice(at: 0, length: 111) ?? ByteBuffer()
    if line.transport.isWebSocket, !line.transport.isJSON {
      line.write(.binary, part)
    } else {
      line.writeRaw(part)
    }
  }
}
