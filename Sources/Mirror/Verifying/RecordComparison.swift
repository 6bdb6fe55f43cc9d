import DaybookModel

/// One record held against what it should be.
enum RecordComparison {
  struct Fault: Equatable {
    var cause: TopicDifference.Cause
    var detail: String
  }

  /// The first part in which they differ: the value before the key, and headers last, for a record whose
  /// value is another's is another's. Nil if they are the same.
  static func fault(
    _ record: TopicRecord, expected: RecordBytes.View, timestamp: Int64, value: RecordShape.Value
  ) -> Fault? {
    if let fault = self.value(record.value, expected.value, value) { return fault }
    guard let key = record.key, isSame(key, expected.key) else {
      return Fault(
        cause: .key,
        detail: "the key is \(quoted(record.key)), not \(quoted(Array(expected.key)))")
    }
    if record.timestampMilliseconds != timestamp {
      return Fault(
        cause: .timestamp, detail: "it is \(record.timestampMilliseconds) ms, not \(timestamp)")
    }
    return headers(record.headers, expected)
  }

  private static func value(
    _ value: [UInt8]?, _ expected: UnsafeRawBufferPointer, _ form: RecordShape.Value
  ) -> Fault? {
    guard let value else { return Fault(cause: .value, detail: "there is no value") }
    if isSame(value, expected) { return nil }
    switch form {
    case .protobuf: return Fault(cause: .value, detail: firstByte(value, Array(expected)))
    case .json:
      guard let read = try? JSONReader.read(value) else {
        return Fault(cause: .value, detail: "the value is no JSON")
      }
      guard let wanted = try? JSONReader.read(Array(expected)) else {
        preconditionFailure("what is written as JSON is JSON")
      }
      return JSONDifference.first(read, wanted).map { Fault(cause: .value, detail: $0) }
    }
  }

  private static func headers(
    _ headers: [TopicRecord.Header], _ expected: RecordBytes.View
  ) -> Fault? {
    var at = 0
    for header in RecordHeader.allCases {
      guard let wanted = expected[header] else { continue }
      let name = "\(header.name)"
      guard at < headers.count, headers[at].name == name else {
        let others = headers.dropFirst(at)
        let isElsewhere = others.contains { $0.name == name }
        return Fault(
          cause: .header,
          detail: isElsewhere ? "another stands in front of \(name)" : "\(name) is not there")
      }
      guard let value = headers[at].value, isSame(value, wanted) else {
        return Fault(
          cause: .header,
          detail: "\(name) is \(quoted(headers[at].value)), not \(quoted(Array(wanted)))")
      }
      at += 1
    }
    guard at == headers.count else {
      return Fault(
        cause: .header, detail: "\(PrintableText.quoted(headers[at].name)) should not be there")
    }
    return nil
  }

  private static func isSame(_ bytes: [UInt8], _ expected: UnsafeRawBufferPointer) -> Bool {
    bytes.count == expected.count && bytes.withUnsafeBytes { $0.elementsEqual(expected) }
  }

  private static func firstByte(_ value: [UInt8], _ expected: [UInt8]) -> String {
    let same = zip(value, expected).prefix { $0 == $1 }.count
    guard same < value.count, same < expected.count else {
      return "the value has \(value.count) bytes, not \(expected.count)"
    }
    return "byte \(same) of the value is \(value[same]), not \(expected[same])"
  }

  private static func quoted(_ bytes: [UInt8]?) -> String {
    guard let bytes else { return "nothing" }
    return PrintableText.quoted(String(decoding: bytes, as: UTF8.self))
  }
}

/// JSON compared as what it says: however it is spaced, in whatever order its members come.
enum JSONDifference {
  /// Where the two differ first, and how; nil if they say the same.
  static func first(_ value: JSONValue, _ expected: JSONValue, at path: String = "") -> String? {
    switch (value, expected) {
    case (.object(let members), .object(let wanted)):
      return object(members, wanted, at: path)
    case (.array(let elements), .array(let wanted)):
      guard elements.count == wanted.count else {
        return "\(name(path)) has \(elements.count) elements, not \(wanted.count)"
      }
      for (index, pair) in zip(elements, wanted).enumerated() {
        if let found = first(pair.0, pair.1, at: "\(path)[\(index)]") { return found }
      }
      return nil
    case (.string(let text), .string(let wanted)):
      // By bytes: letters that only look alike are others.
      return ByteEquality.of(text, wanted) ? nil : "\(name(path)) is another text"
    case (.number(let number), .number(let wanted)):
      return JSONNumber(number) == JSONNumber(wanted)
        ? nil : "\(name(path)) is \(PrintableText.quoted(number)), not \(wanted)"
    default: return value == expected ? nil : "\(name(path)) is something else"
    }
  }

  private static func object(
    _ members: [JSONValue.Member], _ wanted: [JSONValue.Member], at path: String
  ) -> String? {
    var left = members
    for member in wanted {
      let path = path.isEmpty ? member.name : "\(path).\(member.name)"
      guard let at = left.firstIndex(where: { ByteEquality.of($0.name, member.name) }) else {
        return "\(name(path)) is not there"
      }
      if let found = first(left.remove(at: at).value, member.value, at: path) { return found }
    }
    return left.first.map { "\(PrintableText.quoted($0.name)) should not be there" }
  }

  private static func name(_ path: String) -> String { path.isEmpty ? "the value" : path }
}

/// A number of JSON as what it is worth, exactly: 1, 1.0 and 10e-1 are one.
struct JSONNumber: Equatable {
  private let isNegative: Bool
  /// Without zeros at either end; empty for zero. As written, where there is no exponent.
  private let digits: [UInt8]
  /// Of the last digit. Nil where it is past any that can be counted.
  private let exponent: Int?

  /// `text`: as RFC 8259 has it.
  init(_ text: String) {
    var digits: [UInt8] = []
    var exponent: Int? = 0
    var isFraction = false
    var rest = Array(text.utf8)[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative { rest.removeFirst() }
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "."): isFraction = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        let stated = String(decoding: rest, as: UTF8.self)
        exponent = Int(stated).flatMap { stated in
          exponent.flatMap {
            let sum = $0.addingReportingOverflow(stated)
            return sum.overflow ? nil : sum.partialValue
          }
        }
        rest = []
      default:
        digits.append(byte)
        if isFraction { exponent = exponent.map { $0 - 1 } }
      }
    }
    digits = Array(digits.drop { $0 == UInt8(ascii: "0") })
    while digits.last == UInt8(ascii: "0") {
      digits.removeLast()
      exponent = exponent.map { $0 + 1 }
    }
    // One that can't be counted is the same only as itself.
    self.digits = exponent == nil ? Array(text.utf8) : digits
    self.exponent = digits.isEmpty ? 0 : exponent
    self.isNegative = isNegative && !digits.isEmpty
  }
}
