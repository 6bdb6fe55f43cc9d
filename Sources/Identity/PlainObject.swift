/// A JSON object (RFC 8259) as tokens have it: every value a text without escapes, or a whole number.
/// Read once from its first byte to its last, with nothing made of it but these.
struct PlainObject {
  enum Value: Equatable {
    case text(String)
    case whole(Int64)
  }

  private(set) var members: [(name: String, value: Value)] = []

  /// Nil for all other JSON, for a name that comes twice, and for what is none.
  init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    guard rest.takes("{") else { return nil }
    if !rest.takes("}") {
      repeat {
        guard let name = rest.takeText(), rest.takes(":"), let value = rest.takeValue(),
          !members.contains(where: { $0.name == name })
        else { return nil }
        members.append((name, value))
      } while rest.takes(",")
      guard rest.takes("}") else { return nil }
    }
    rest.skipSpace()
    guard rest.isEmpty else { return nil }
  }

  private func value(_ name: String) -> Value? { members.first { $0.name == name }?.value }

  /// Nil where there is none, or where it is no text.
  func text(_ name: String) -> String? {
    if case .text(let text) = value(name) { text } else { nil }
  }

  func whole(_ name: String) -> Int64? {
    if case .whole(let number) = value(name) { number } else { nil }
  }

  func has(_ name: String) -> Bool { value(name) != nil }
}

extension ArraySlice<UInt8> {
  fileprivate mutating func skipSpace() {
    while let next = first {
      switch next {
      case 0x20, 0x09, 0x0a, 0x0d: removeFirst()
      default: return
      }
    }
  }

  /// Whether this comes next, but for space; then it is passed.
  fileprivate mutating func takes(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard first == UInt8(ascii: character) else { return false }
    removeFirst()
    return true
  }

  fileprivate mutating func takeText() -> String? {
    guard takes("\""), let end = firstIndex(of: UInt8(ascii: "\"")) else { return nil }
    let inside = self[startIndex..<end]
    guard inside.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\\") }) else { return nil }
    self = self[(end + 1)...]
    return String(validating: inside, as: UTF8.self)
  }

  fileprivate mutating func takeValue() -> PlainObject.Value? {
    skipSpace()
    if first == UInt8(ascii: "\"") { return takeText().map { .text($0) } }
    let isNegative = takes("-")
    let digits = prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    // Up to 18 are always an Int64; a zero stands alone; a fraction or an exponent is no comma.
    guard (1...18).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0")
    else { return nil }
    self = self[digits.endIndex...]
    let number = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    return .whole(isNegative ? -number : number)
  }
}
