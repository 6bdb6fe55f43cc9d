/// Whether bytes that come in pieces are UTF-8 (RFC 3629), told at the first one that can't be.
struct UTF8Stream: Sendable {
  /// Bytes that the present character still needs, and what the next of them may be.
  private var left = 0
  private var allowed: ClosedRange<UInt8> = UTF8Stream.tail

  private static let tail: ClosedRange<UInt8> = 0x80...0xbf

  /// It may end here.
  var isWhole: Bool { left == 0 }

  /// False where the bytes so far begin no text.
  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    while at < bytes.count {
      // ASCII, eight at a time.
      if left == 0, at + 8 <= bytes.count,
        bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        at += 8
        continue
      }
      guard take(bytes[at]) else { return false }
      at += 1
    }
    return true
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard left == 0 else {
      guard allowed.contains(byte) else { return false }
      left -= 1
      allowed = UTF8Stream.tail
      return true
    }
    // The second byte's range keeps out what is overlong, surrogates, and what is past U+10FFFF.
    switch byte {
    case 0x00...0x7f: return true
    case 0xc2...0xdf: left = 1
    case 0xe0: (left, allowed) = (2, 0xa0...0xbf)
    case 0xed: (left, allowed) = (2, 0x80...0x9f)
    case 0xe1...0xef: left = 2
    case 0xf0: (left, allowed) = (3, 0x90...0xbf)
    case 0xf4: (left, allowed) = (3, 0x80...0x8f)
    case 0xf1...0xf3: left = 3
    default: return false
    }
    return true
  }
}
