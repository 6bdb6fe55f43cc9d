package import DaybookModel

/// The elements of a JSON array, one at a time: what is held is one of them, however long the file.
///
/// Where an element ends is found by its brackets and strings alone, so that one with a fault in it
/// costs itself; only where the brackets don't close is the rest of the file lost.
package struct JSONArrayReader {
  package enum Element: Sendable {
    case value(JSONValue)
    /// Not valid JSON, for this reason.
    case faulty(String)
  }

  /// Of one element. Slack's own longest are some hundred KiB.
  package static let elementBytesMax = 16 << 20

  private let source: any ByteSource
  private var buffer: [UInt8] = []
  private var at = 0
  private var isAtEnd = false
  /// Elements so far.
  package private(set) var count = 0
  private var hasBegun = false

  package init(_ source: any ByteSource) { self.source = source }

  /// Nil at the array's end. Throws `invalid_input` for what is no array, and where it can't be read
  /// on; asked again after that, it has no more.
  package mutating func next() throws(DaybookError) -> Element? {
    do throws(DaybookError) {
      guard !isAtEnd, try begin() else { return nil }
      let bytes = try element()
      count += 1
      do throws(JSONFault) {
        return .value(try JSONReader.read(bytes))
      } catch {
        return .faulty("no valid JSON: \(error.reason)")
      }
    } catch {
      isAtEnd = true
      throw error
    }
  }

  /// Up to the next element's first byte; false behind the last one.
  private mutating func begin() throws(DaybookError) -> Bool {
    if !hasBegun {
      hasBegun = true
      if try peek() == 0xef { try skipByteOrderMark() }
      guard let first = try peekPastSpace() else { throw JSONArrayReader.fault("it is empty") }
      guard first == UInt8(ascii: "[") else { throw JSONArrayReader.fault("it is no array") }
      at += 1
      if try peekPastSpace() == UInt8(ascii: "]") { return try end() }
      return true
    }
    switch try peekPastSpace() {
    case UInt8(ascii: ","):
      at += 1
      _ = try peekPastSpace()
      return true
    case UInt8(ascii: "]"): return try end()
    case nil: throw JSONArrayReader.fault("it ends behind entry \(count), without ']'")
    default: throw JSONArrayReader.fault("',' or ']' is expected behind entry \(count)")
    }
  }

  private mutating func end() throws(DaybookError) -> Bool {
    at += 1
    guard try peekPastSpace() == nil else {
      throw JSONArrayReader.fault("something follows the end of its array")
    }
    isAtEnd = true
    return false
  }

  private mutating func skipByteOrderMark() throws(DaybookError) {
    while buffer.count - at < 3, try fill() {}
    if buffer[at...].starts(with: [0xef, 0xbb, 0xbf]) { at += 3 }
  }

  /// The bytes of an element that begins here.
  private mutating func element() throws(DaybookError) -> [UInt8] {
    var depth = 0
    var isString = false
    var isEscaped = false
    var index = at
    while true {
      if index == buffer.count {
        let consumed = index - at
        guard consumed < JSONArrayReader.elementBytesMax else {
          throw JSONArrayReader.fault("entry \(count + 1) has more bytes than one can have")
        }
        guard try fill() else { throw JSONArrayReader.fault("it ends within entry \(count + 1)") }
        // What lies before `at` has gone.
        index = at + consumed
      }
      let byte = buffer[index]
      if isString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isString = false
        }
      } else {
        switch byte {
        case UInt8(ascii: "\""): isString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          if depth == 0 { return take(upTo: index) }
          depth -= 1
          if depth == 0 { return take(upTo: index + 1) }
        case UInt8(ascii: ","): if depth == 0 { return take(upTo: index) }
        default: break
        }
      }
      index += 1
    }
  }

  private mutating func take(upTo end: Int) -> [UInt8] {
    defer { at = end }
    return Array(buffer[at..<end])
  }

  private mutating func peekPastSpace() throws(DaybookError) -> UInt8? {
    while let byte = try peek() {
      guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return byte }
      at += 1
    }
    return nil
  }

  private mutating func peek() throws(DaybookError) -> UInt8? {
    while at == buffer.count { guard try fill() else { return nil } }
    return buffer[at]
  }

  private mutating func fill() throws(DaybookError) -> Bool {
    buffer.removeFirst(at)
    at = 0
    return try source.read(into: &buffer)
  }

  private static func fault(_ reason: String) -> DaybookError {
    DaybookError(.invalidInput, reason)
  }
}

/// Bytes that are at hand.
package final class BytesSource: ByteSource {
  private var bytes: [UInt8]?

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package func read(into output: inout [UInt8]) -> Bool {
    guard let bytes, !bytes.isEmpty else { return false }
    output += bytes
    self.bytes = nil
    return true
  }
}
