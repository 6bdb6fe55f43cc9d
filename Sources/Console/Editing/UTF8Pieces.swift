/// Text out of bytes that come in any pieces. What is no UTF-8 becomes U+FFFD, one for as much as
/// could have been a character's begin (Unicode 3.9, substitution of maximal subparts).
struct UTF8Pieces {
  private var scalars = String.UnicodeScalarView()
  private var value: UInt32 = 0
  private var missing = 0
  /// What the next byte may be.
  private var range: ClosedRange<UInt8> = 0x80...0xbf

  mutating func take(_ byte: UInt8) {
    if missing > 0 {
      if range.contains(byte) { return goOn(byte) }
      endCharacter()
    }
    range = 0x80...0xbf
    switch byte {
    case 0..<0x80: scalars.append(Unicode.Scalar(byte))
    case 0xc2...0xdf: begin(byte & 0x1f, missing: 1)
    case 0xe0...0xef:
      begin(byte & 0x0f, missing: 2)
      if byte == 0xe0 { range = 0xa0...0xbf }
      if byte == 0xed { range = 0x80...0x9f }
    case 0xf0...0xf4:
      begin(byte & 0x07, missing: 3)
      if byte == 0xf0 { range = 0x90...0xbf }
      if byte == 0xf4 { range = 0x80...0x8f }
    default: scalars.append("\u{fffd}")
    }
  }

  private mutating func begin(_ bits: UInt8, missing: Int) {
    value = UInt32(bits)
    self.missing = missing
  }

  private mutating func goOn(_ byte: UInt8) {
    value = value << 6 | UInt32(byte & 0x3f)
    range = 0x80...0xbf
    missing -= 1
    if missing == 0, let scalar = Unicode.Scalar(value), !(0x80..<0xa0).contains(value) {
      scalars.append(scalar)
    }
  }

  /// A character that has begun goes no further.
  mutating func endCharacter() {
    if missing > 0 { scalars.append("\u{fffd}") }
    missing = 0
  }

  /// Whole characters so far; one that has begun waits for its rest.
  mutating func takeText() -> String {
    defer { scalars = String.UnicodeScalarView() }
    return String(scalars)
  }
}
