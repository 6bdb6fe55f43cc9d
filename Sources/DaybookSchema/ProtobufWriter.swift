import DaybookModel
package import NIOCore

/// Writes protobuf fields (encoding: protobuf.dev/programming-guides/encoding) into memory that
/// the caller has found large enough. Fields at their default are left out, as proto3 does.
package struct ProtobufWriter {
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline let capacity: Int
  package var count = 0

  @inlinable
  package init(_ memory: UnsafeMutableRawBufferPointer) {
    base = memory.baseAddress!
    capacity = memory.count
  }

  @inlinable
  package mutating func byte(_ value: UInt8) {
    assert(count < capacity)
    base.storeBytes(of: value, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  @inlinable
  package mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      byte(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    byte(UInt8(truncatingIfNeeded: rest))
  }

  @inlinable
  package mutating func tag(_ field: Int, _ wire: Int) { varint(UInt64(field << 3 | wire)) }

  @inlinable
  package mutating func uint(_ field: Int, _ value: UInt64) {
    guard value != 0 else { return }
    tag(field, 0)
    varint(value)
  }

  @inlinable
  package mutating func fixed64(_ field: Int, _ value: UInt64) {
    guard value != 0 else { return }
    tag(field, 1)
    base.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt64.self)
    count += 8
    assert(count <= capacity)
  }

  /// Of a packed field, whose zeros count.
  @inlinable
  package mutating func fixed64Element(_ value: UInt64) {
    base.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt64.self)
    count += 8
    assert(count <= capacity)
  }

  @inlinable
  package mutating func fixed32(_ field: Int, _ value: UInt32) {
    guard value != 0 else { return }
    tag(field, 5)
    base.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt32.self)
    count += 4
    assert(count <= capacity)
  }

  @inlinable
  package mutating func raw(_ bytes: UnsafeRawBufferPointer) {
    assert(count + bytes.count <= capacity)
    if let source = bytes.baseAddress {
      base.advanced(by: count).copyMemory(from: source, byteCount: bytes.count)
    }
    count += bytes.count
  }

  @inlinable
  package mutating func string(_ field: Int, _ text: String) {
    guard !text.isEmpty else { return }
    var text = text
    text.withUTF8 { utf8 in
      tag(field, 2)
      varint(UInt64(utf8.count))
      raw(UnsafeRawBufferPointer(utf8))
    }
  }

  /// Length-delimited, written even when empty: for messages, whose presence says something.
  @inlinable
  package mutating func message(_ field: Int, _ bytes: ByteBuffer) {
    tag(field, 2)
    varint(UInt64(bytes.readableBytes))
    bytes.withUnsafeReadableBytes { raw($0) }
  }
}

/// Sizes of what `ProtobufWriter` writes.
package enum ProtobufSize {
  @inlinable
  package static func varint(_ value: UInt64) -> Int {
    // 7 bits a byte: ceil(bits / 7), and 1 for zero.
    (64 - (value | 1).leadingZeroBitCount + 6) / 7
  }

  @inlinable
  package static func uint(_ field: Int, _ value: UInt64) -> Int {
    value == 0 ? 0 : varint(UInt64(field << 3)) + varint(value)
  }

  @inlinable
  package static func fixed64(_ field: Int, _ value: UInt64) -> Int {
    value == 0 ? 0 : varint(UInt64(field << 3)) + 8
  }

  @inlinable
  package static func bytes(_ field: Int, count: Int) -> Int {
    varint(UInt64(field << 3)) + varint(UInt64(count)) + count
  }

  @inlinable
  package static func string(_ field: Int, _ text: String) -> Int {
    let count = text.utf8.count
    return count == 0 ? 0 : bytes(field, count: count)
  }
}
