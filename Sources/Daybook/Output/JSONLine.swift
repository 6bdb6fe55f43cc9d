/// One JSON object (RFC 8259) in a line, its members in the order in which they are set.
struct JSONLine {
  private var bytes: [UInt8] = [UInt8(ascii: "{")]

  mutating func set(_ name: StaticString, _ value: String?) {
    member(name)
    guard let value else { return raw("null") }
    JSONLine.appendQuoted(value, to: &bytes)
  }

  mutating func set(_ name: StaticString, _ value: some BinaryInteger) {
    member(name)
    bytes.append(contentsOf: String(value).utf8)
  }

  /// A number that is written already.
  mutating func set(_ name: StaticString, number digits: String) {
    member(name)
    bytes.append(contentsOf: digits.utf8)
  }

  mutating func set(_ name: StaticString, _ value: Bool) {
    member(name)
    raw(value ? "true" : "false")
  }

  mutating func set(_ name: StaticString, _ values: [JSONLine]) {
    member(name)
    bytes.append(UInt8(ascii: "["))
    for (index, value) in values.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      value.append(to: &bytes)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  mutating func set(_ name: StaticString, _ values: [String]) {
    member(name)
    bytes.append(UInt8(ascii: "["))
    for (index, value) in values.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      JSONLine.appendQuoted(value, to: &bytes)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  mutating func set(_ name: StaticString, _ members: JSONLine) {
    member(name)
    members.append(to: &bytes)
  }

  /// A member whose name is not known before.
  mutating func set(named name: String, _ value: String) {
    separate()
    JSONLine.appendQuoted(name, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    JSONLine.appendQuoted(value, to: &bytes)
  }

  func append(to output: inout [UInt8]) {
    output.append(contentsOf: bytes)
    output.append(UInt8(ascii: "}"))
  }

  var text: String {
    var output: [UInt8] = []
    append(to: &output)
    return String(decoding: output, as: UTF8.self)
  }

  private mutating func separate() {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
  }

  private mutating func member(_ name: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    raw(name)
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }

  private mutating func raw(_ text: StaticString) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { utf8 in
      var plainFrom = 0
      for (index, byte) in utf8.enumerated() {
        guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
          continue
        }
        bytes.append(contentsOf: utf8[plainFrom..<index])
        appendEscaped(byte, to: &bytes)
        plainFrom = index + 1
      }
      bytes.append(contentsOf: utf8[plainFrom...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
    case UInt8(ascii: "\r"): bytes.append(UInt8(ascii: "r"))
    case UInt8(ascii: "\t"): bytes.append(UInt8(ascii: "t"))
    case 0..<0x20:
      let digits = Array("0123456789abcdef".utf8)
      bytes.append(contentsOf: "u00".utf8)
      bytes.append(digits[Int(byte >> 4)])
      bytes.append(digits[Int(byte & 0xf)])
    default: bytes.append(byte)
    }
  }
}
