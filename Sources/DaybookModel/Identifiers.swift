/// An id as users give it: 1 to 64 bytes of UTF-8 without control characters, spaces or `/`.
///
/// Two ids are the same if their bytes are, not if they look alike: Swift's `String` would call
/// composed and decomposed letters equal, and the partitioner would not.
package struct Identifier<Kind>: Sendable, CustomStringConvertible {
  package let text: String

  /// Throws `invalid_id` if `text` is outside the grammar.
  package init(_ text: String) throws(DaybookError) {
    var text = text
    let fault = text.withUTF8 { IdentifierGrammar.fault(in: UnsafeRawBufferPointer($0)) }
    if let fault { throw IdentifierGrammar.invalid(text, fault) }
    self.text = text
  }

  /// For text that was checked before: what the log holds.
  @inlinable
  package init(checked text: String) { self.text = text }

  package var description: String { text }

  /// `StableHash` of the text.
  package var fingerprint: UInt64 {
    var hash = StableHash()
    hash.combine(text)
    return hash.finish()
  }
}

extension Identifier: Hashable {
  @inlinable
  package static func == (a: Self, b: Self) -> Bool { ByteEquality.of(a.text, b.text) }

  @inlinable
  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension Identifier: Comparable {
  @inlinable
  package static func < (a: Self, b: Self) -> Bool {
    a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
  }
}

package enum UserKind {}
package enum GroupKind {}
package enum DeviceKind {}
package enum ServiceKind {}
package enum DeviceClassKind {}

package typealias UserID = Identifier<UserKind>
package typealias GroupID = Identifier<GroupKind>
package typealias DeviceID = Identifier<DeviceKind>
package typealias ServiceID = Identifier<ServiceKind>
/// What kind of device it is, as its token says: `phone`, `desktop`.
package typealias DeviceClass = Identifier<DeviceClassKind>

package enum IdentifierGrammar {
  static func invalid(_ text: String, _ fault: String) -> DaybookError {
    DaybookError(.invalidID, "\(PrintableText.quoted(text)) is no id: \(fault)")
  }

  /// What is wrong with these bytes as an id, or nil. The bytes are valid UTF-8.
  package static func fault(in bytes: UnsafeRawBufferPointer) -> String? {
    if bytes.isEmpty { return "it is empty" }
    if bytes.count > Limits.idBytesMax { return "it is over \(Limits.idBytesMax) bytes" }
    var previous: UInt8 = 0
    for byte in bytes {
      if byte == 0x20 { return "it has a space" }
      if byte == 0x2f { return "it has a '/'" }
      // C0, DEL, and C1 (U+0080 to U+009F are C2 80 to C2 9F).
      if byte < 0x20 || byte == 0x7f || (previous == 0xc2 && byte < 0xa0) {
        return "it has a control character"
      }
      previous = byte
    }
    return nil
  }
}
