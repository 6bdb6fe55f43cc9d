package import NIOCore

/// What stands before a WebSocket frame's payload (RFC 6455, 5.2), big-endian; the key is there where it is masked:
///
///      0         1          2                4                          12
///     +---------+----------+- - - - - - - - +- - - - - - - - - - - - - +- - - - -+=========+
///     | F R R R | M length | 16 bits more,  | or 64, where the seven   | 32 bits | payload |
///     | opcode  | (7 bits) | if that is 126 | bits say 127             | of key  |         |
///     +---------+----------+- - - - - - - - +- - - - - - - - - - - - - +- - - - -+=========+
struct WebSocketFrameHead: Sendable {
  static let controlBytesMax = 125

  private enum Step { case first, second, length(left: Int), key(left: Int), whole }

  private var step = Step.first
  private(set) var opcode = WebSocketOpcode.continuation
  private(set) var isFinal = false
  /// Of the payload.
  private(set) var length = 0
  /// Of the length where the seven bits don't hold it.
  private var lengthBytes = 0
  /// Nil where it is not masked.
  private(set) var key: UInt32?

  var isWhole: Bool { if case .whole = step { true } else { false } }

  mutating func take(_ byte: UInt8, areMasked: Bool) throws(WebSocketFault) {
    switch step {
    case .first: try takeFirst(byte)
    case .second: try takeSecond(byte, areMasked: areMasked)
    case .length(let left):
      // The first of eight is checked by what it would make of the others.
      guard length <= Int.max >> 8 else { throw .protocolError("a length past 63 bits") }
      length = length << 8 | Int(byte)
      if left > 1 { step = .length(left: left - 1) } else { try lengthIsKnown() }
    case .key(let left):
      key = (key ?? 0) << 8 | UInt32(byte)
      step = left > 1 ? .key(left: left - 1) : .whole
    case .whole: preconditionFailure("a byte behind a whole head")
    }
  }

  private mutating func takeFirst(_ byte: UInt8) throws(WebSocketFault) {
    guard byte & 0x70 == 0 else {
      throw .protocolError("reserved bits are set, and no extension was agreed on")
    }
    guard let opcode = WebSocketOpcode(rawValue: byte & 0x0f) else {
      throw .protocolError("opcode \(byte & 0x0f) is reserved")
    }
    self.opcode = opcode
    isFinal = byte & 0x80 != 0
    guard isFinal || !opcode.isControl else { throw .protocolError("a control frame in fragments") }
    step = .second
  }

  private mutating func takeSecond(_ byte: UInt8, areMasked: Bool) throws(WebSocketFault) {
    guard (byte & 0x80 != 0) == areMasked else {
      throw .protocolError(
        areMasked ? "a client's frames are masked" : "a server's frames are not masked")
    }
    if areMasked { key = 0 }
    let short = Int(byte & 0x7f)
    guard short <= WebSocketFrameHead.controlBytesMax || !opcode.isControl else {
      throw .protocolError("a control frame of more than 125 bytes")
    }
    switch short {
    case 126: lengthBytes = 2
    case 127: lengthBytes = 8
    default:
      length = short
      return try lengthIsKnown()
    }
    step = .length(left: lengthBytes)
  }

  /// A length is written as short as can be.
  private mutating func lengthIsKnown() throws(WebSocketFault) {
    let least = lengthBytes == 8 ? 1 << 16 : lengthBytes == 2 ? 126 : 0
    guard length >= least else { throw .protocolError("a length that is longer than it need be") }
    step = key == nil ? .whole : .key(left: 4)
  }
}

extension ByteBuffer {
  /// The head of a frame that is a message, or a control frame, in itself; masked where there is a key.
  package mutating func writeWebSocketHead(
    _ opcode: WebSocketOpcode, length: Int, key: UInt32? = nil
  ) {
    writeInteger(0x80 | opcode.rawValue)
    let mask: UInt8 = key == nil ? 0 : 0x80
    if length < 126 {
      writeInteger(mask | UInt8(length))
    } else if length <= Int(UInt16.max) {
      writeMultipleIntegers(mask | 126, UInt16(length))
    } else {
      writeMultipleIntegers(mask | 127, UInt64(length))
    }
    if let key { writeInteger(key) }
  }

  /// A whole frame as a client writes it; the key is to be one that nobody knows before (10.3).
  package mutating func writeWebSocketFrame(
    _ opcode: WebSocketOpcode, _ parts: [ByteBuffer], key: UInt32
  ) {
    let length = parts.reduce(0) { $0 + $1.readableBytes }
    writeWebSocketHead(opcode, length: length, key: key)
    var start = 0
    for part in parts {
      var rest = part
      append(part.readableBytes, of: &rest, key, start)
      start += part.readableBytes
    }
  }

  /// Moves `count` bytes here, unmasked where there is a key; `start` is how far into the payload they begin.
  mutating func append(
    _ count: Int, of bytes: inout ByteBuffer, _ key: UInt32?, _ start: Int
  ) {
    // Both were counted by the caller.
    guard let part = bytes.readSlice(length: count) else { return }
    guard let key, key != 0 else {
      writeImmutableBuffer(part)
      return
    }
    // The key's bytes as they come in turn, from the one that `start` falls on.
    let turned = start & 3 == 0 ? key : key << (8 * (start & 3)) | key >> (32 - 8 * (start & 3))
    let word = UInt64(turned) << 32 | UInt64(turned)
    part.withUnsafeReadableBytes { source in
      _ = writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
        var at = 0
        while at + 8 <= count {
          let value = source.loadUnaligned(fromByteOffset: at, as: UInt64.self)
          target.storeBytes(of: value ^ word.bigEndian, toByteOffset: at, as: UInt64.self)
          at += 8
        }
        while at < count {
          target[at] = source[at] ^ UInt8(truncatingIfNeeded: turned >> (24 - 8 * (at & 3)))
          at += 1
        }
        return count
      }
    }
  }
}
