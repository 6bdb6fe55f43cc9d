/// A JSON document (RFC 8259) as a tree.
package indirect enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// As written.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package var name: String
    package var value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// Nil for what is no object, or has no such member. Of several the last one counts.
  package subscript(_ name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.name == name }?.value
  }
}

extension JSONValue {
  /// A text as a JSON string.
  package static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

/// What is wrong with a document, and where: both count from 1, columns in bytes.
package struct JSONFault: Error, Sendable, Equatable {
  package var line: Int
  package var column: Int
  package var reason: String
}

/// Reads one document. Foundation's reader refuses a whole file for half of a surrogate pair, which
/// texts have that were cut short, and names no line: here that half reads as U+FFFD.
package struct JSONReader {
  private static let depthMax = 128

  private let bytes: [UInt8]
  private var at = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  package static func read(_ bytes: [UInt8]) throws(JSONFault) -> JSONValue {
    var reader = JSONReader(bytes)
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { reader.at = 3 }
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.at == bytes.count else { throw reader.fault("something follows the end") }
    return value
  }

  private func fault(_ reason: String) -> JSONFault {
    let before = bytes[..<min(at, bytes.count)]
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return JSONFault(
      line: 1 + before.count { $0 == UInt8(ascii: "\n") }, column: before.count - lineStart + 1,
      reason: reason)
  }

  private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: byte) else { return false }
    at += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
    guard depth < JSONReader.depthMax else { throw fault("it is nested too deeply") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case nil: throw fault("it ends where a value is expected")
    case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte):
      return try number()
    default: throw fault("this begins no value")
    }
  }

  private mutating func word(
    _ word: StaticString, _ value: JSONValue
  ) throws(JSONFault) -> JSONValue {
    let length = word.utf8CodeUnitCount
    let expected = UnsafeBufferPointer(start: word.utf8Start, count: length)
    guard bytes[at...].starts(with: expected) else { throw fault("this begins no value") }
    at += length
    return value
  }

  private mutating func object(depth: Int) throws(JSONFault) -> JSONValue {
    at += 1
    var members: [JSONValue.Member] = []
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw fault("a member's name is expected") }
      let name = try string()
      skipSpace()
      guard take(":") else { throw fault("':' is expected") }
      members.append(JSONValue.Member(name, try value(depth: depth + 1)))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw fault("',' or '}' is expected") }
    }
  }

  private mutating func array(depth: Int) throws(JSONFault) -> JSONValue {
    at += 1
    var values: [JSONValue] = []
    skipSpace()
    if take("]") { return .array(values) }
    while true {
      values.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(values) }
      guard take(",") else { throw fault("',' or ']' is expected") }
    }
  }

  private mutating func number() throws(JSONFault) -> JSONValue {
    let start = at
    _ = take("-")
    let isZero = take("0")
    if !isZero { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("-") { _ = take("+") }
      try digits()
    }
    return .number(String(decoding: bytes[start..<at], as: UTF8.self))
  }

  private mutating func digits() throws(JSONFault) {
    let start = at
    while let byte = next, (0x30...0x39).contains(byte) { at += 1 }
    guard at > start else { throw fault("a digit is expected") }
  }

  private mutating func string() throws(JSONFault) -> String {
    at += 1
    var text: [UInt8] = []
    var run = at
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        text.append(contentsOf: bytes[run..<at])
        guard let valid = String(validating: text, as: UTF8.self) else {
          throw fault("the string that ends here is not valid UTF-8")
        }
        at += 1
        return valid
      case UInt8(ascii: "\\"):
        text.append(contentsOf: bytes[run..<at])
        at += 1
        try escape(into: &text)
        run = at
      case 0..<0x20: throw fault("a control character in a string")
      default: at += 1
      }
    }
    throw fault("it ends within a string")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
    guard let byte = next else { throw fault("it ends within a string") }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      at += 1
      text.append(contentsOf: String(try scalar()).utf8)
      return
    default: throw fault("no such escape")
    }
    at += 1
  }

  /// Half a surrogate pair is no character: it becomes U+FFFD, as programs usually have it.
  private mutating func scalar() throws(JSONFault) -> Character {
    let unit = try hex()
    if let scalar = Unicode.Scalar(unit) { return Character(scalar) }
    guard unit < 0xdc00, bytes[at...].starts(with: "\\u".utf8) else { return "\u{fffd}" }
    let start = at
    at += 2
    let low = try hex()
    guard (0xdc00..<0xe000).contains(low) else {
      at = start
      return "\u{fffd}"
    }
    let value = 0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(low) - 0xdc00)
    return Unicode.Scalar(value).map { Character($0) } ?? "\u{fffd}"
  }

  private mutating func hex() throws(JSONFault) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = next.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
        throw fault("four hexadecimal digits are expected")
      }
      value = value << 4 | UInt16(digit)
      at += 1
    }
    return value
  }
}
