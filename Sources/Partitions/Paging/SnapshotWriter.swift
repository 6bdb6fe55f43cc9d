/// Writes protobuf messages of which nobody knows the size before (encoding:
/// protobuf.dev/programming-guides/encoding). Fields at their default are left out, as proto3 does.
package struct SnapshotWriter {
  package private(set) var bytes: [UInt8] = []
  /// Something that was written can't be read: none of it is to be kept.
  private(set) var isFaulty = false

  package init() {}

  mutating func foundFault() { isFaulty = true }

  package mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func tag(_ field: Int, _ wire: Int) { varint(UInt64(field << 3 | wire)) }

  package mutating func uint(_ field: Int, _ value: UInt64) {
    guard value != 0 else { return }
    tag(field, 0)
    varint(value)
  }

  package mutating func flag(_ field: Int, _ value: Bool) { uint(field, value ? 1 : 0) }

  private mutating func fixed64(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func fixed32(_ value: UInt32) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func fixed64(_ field: Int, _ value: UInt64) {
    guard value != 0 else { return }
    tag(field, 1)
    fixed64(value)
  }

  package mutating func string(_ field: Int, _ text: String) {
    guard !text.isEmpty else { return }
    tag(field, 2)
    var text = text
    text.withUTF8 {
      varint(UInt64($0.count))
      bytes.append(contentsOf: $0)
    }
  }

  /// A repeated field's element, which is there even when empty.
  package mutating func element(_ field: Int, _ text: String) {
    if text.isEmpty { message(field) { _ in } } else { string(field, text) }
  }

  /// Bytes of a message, or of a packed field.
  package mutating func delimited(_ field: Int, _ content: UnsafeRawBufferPointer) {
    tag(field, 2)
    varint(UInt64(content.count))
    bytes.append(contentsOf: content)
  }

  /// Left out when there are none.
  package mutating func packed(_ field: Int, varints values: some Collection<UInt64>) {
    guard !values.isEmpty else { return }
    message(field) { for value in values { $0.varint(value) } }
  }

  package mutating func packed(_ field: Int, fixed64 values: some Collection<UInt64>) {
    guard !values.isEmpty else { return }
    message(field) { for value in values { $0.fixed64(value) } }
  }

  package mutating func packed(_ field: Int, fixed32 values: some Collection<UInt32>) {
    guard !values.isEmpty else { return }
    message(field) { for value in values { $0.fixed32(value) } }
  }

  /// A message, written even when empty. Its length stands before it and is known behind it: room for
  /// one byte is left, which nearly always is enough.
  package mutating func message(_ field: Int, _ write: (inout SnapshotWriter) -> Void) {
    tag(field, 2)
    let at = bytes.count
    bytes.append(0)
    write(&self)
    var length = UInt64(bytes.count - at - 1)
    guard length >= 0x80 else {
      bytes[at] = UInt8(length)
      return
    }
    var prefix: [UInt8] = []
    while length >= 0x80 {
      prefix.append(UInt8(truncatingIfNeeded: length) | 0x80)
      length >>= 7
    }
    prefix.append(UInt8(length))
    bytes.replaceSubrange(at...at, with: prefix)
  }
}
