import NIOCore
import Testing
import WireProtocol

/// What AutobahnTests don't try over sockets.
@Suite("bytes of a WebSocket")
struct WebSocketDecoderTests {
  private func read(
    _ bytes: [UInt8], areMasked: Bool = false, _ kind: WebSocketMessage.Kind? = nil,
    messageBytesMax: Int = 1_000
  ) throws(WebSocketFault) -> [WebSocketInput] {
    var decoder = WebSocketDecoder(
      areMasked: areMasked, taking: kind, messageBytesMax: messageBytesMax)
    var rest = ByteBuffer(bytes: bytes)
    var inputs: [WebSocketInput] = []
    while let input = try decoder.next(&rest) { inputs.append(input) }
    #expect(rest.readableBytes == 0)
    return inputs
  }

  @Test("RFC 6455's examples (5.7) are read")
  func examples() throws {
    let hello = ByteBuffer(string: "Hello")
    #expect(
      try read([0x81, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f]) == [.message(.init(.text, hello))])
    let masked: [UInt8] = [
      0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ]
    #expect(try read(masked, areMasked: true) == [.message(.init(.text, hello))])
    let fragments: [UInt8] = [1, 3, 0x48, 0x65, 0x6c, 0x80, 2, 0x6c, 0x6f]
    #expect(try read(fragments) == [.message(.init(.text, hello))])
    #expect(try read([0x89, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f]) == [.ping(hello)])
  }

  static let faults: [(String, [UInt8], UInt16)] = [
    (
      "a length of 126 in two bytes, written in eight", [0x82, 127, 0, 0, 0, 0, 0, 0, 0, 126], 1002
    ),
    ("a length of 125, written in two", [0x82, 126, 0, 125], 1002),
    ("a length past 63 bits", [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], 1002),
    ("63 bits", [0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 1009),
    ("one byte too many", [0x82, 126, 0x03, 0xe9], 1009),
    ("one byte too many in fragments", [2, 1, 0, 0, 126, 0x03, 0xe8], 1009),
    ("a masked frame of a server", [0x82, 0x80, 0, 0, 0, 0], 1002),
    ("half a close code", [0x88, 1, 3], 1002),
  ]

  @Test("what is refused is so as soon as it can be told", arguments: faults)
  func refused(_ name: String, _ bytes: [UInt8], _ code: UInt16) {
    #expect(#expect(throws: WebSocketFault.self) { try read(bytes) }?.code == code, "\(name)")
  }

  @Test("as many bytes as there may be are taken, and the limit can be raised")
  func limits() throws {
    let most = [0x82, 126, 0x03, 0xe8] + [UInt8](repeating: 0, count: 1_000)
    #expect(try read(most).count == 1)
    var decoder = WebSocketDecoder(areMasked: false, messageBytesMax: 999)
    decoder.messageBytesMax = 1_000
    var rest = ByteBuffer(bytes: most)
    #expect(try decoder.next(&rest) != nil)
  }

  @Test("masks are taken off whatever the pieces that a frame comes in", arguments: 1...17)
  func pieces(_ size: Int) throws {
    let payload = (0..<200).map { UInt8($0) }
    let key: [UInt8] = [0x9a, 0x01, 0x00, 0xff]
    let masked = payload.enumerated().map { $1 ^ key[$0 & 3] }
    let frame = [0x82, 0x80 | 126, 0, 200] + key + masked
    var decoder = WebSocketDecoder(areMasked: true, messageBytesMax: 1_000)
    var found: [WebSocketInput] = []
    for start in stride(from: 0, to: frame.count, by: size) {
      var piece = ByteBuffer(bytes: frame[start..<min(frame.count, start + size)])
      while let input = try decoder.next(&piece) { found.append(input) }
    }
    #expect(found == [.message(.init(.binary, ByteBuffer(bytes: payload)))])
  }

  @Test("what is written is read, of any length", arguments: [0, 125, 126, 65_535, 65_536])
  func written(_ length: Int) throws {
    var frame = ByteBuffer()
    frame.writeWebSocketHead(.binary, length: length)
    frame.writeRepeatingByte(7, count: length)
    let inputs = try read(Array(frame.readableBytesView), messageBytesMax: length)
    #expect(inputs == [.message(.init(.binary, ByteBuffer(repeating: 7, count: length)))])
  }

  @Test("a reason is cut to what a close frame holds, between characters")
  func reasons() throws {
    let payload = WebSocketClosing(4004, String(repeating: "é", count: 100)).payload
    var frame = ByteBuffer()
    frame.writeWebSocketFrame(.close, [payload], key: 0x0102_0304)
    let bytes = Array(frame.readableBytesView)
    guard case .close(let closing)? = try read(bytes, areMasked: true).first else {
      Issue.record("a close was due")
      return
    }
    #expect(closing == WebSocketClosing(4004, String(repeating: "é", count: 61)))
  }
}
