package import DaybookModel

/// Walks the fields of one protobuf message in memory. Every length is checked against what is
/// there before anything is read.
package struct ProtobufReader {
  @usableFromInline let bytes: UnsafeRawBufferPointer
  @usableFromInline var at = 0

  @inlinable
  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  @usableFromInline
  static func torn() -> DaybookError {
    DaybookError(.malformedFrame, "these bytes are no protobuf message: a field is torn")
  }

  @inlinable
  package var isAtEnd: Bool { at == bytes.count }

  /// How many bytes were read.
  @inlinable
  package var position: Int { at }

  @inlinable
  package mutating func varint() throws(DaybookError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
      if shift > 63 { break }
    }
    throw ProtobufReader.torn()
  }

  /// Field number and wire type, as one.
  @inlinable
  package mutating func tag() throws(DaybookError) -> Int {
    let tag = try varint()
    guard tag <= UInt64(UInt32.max), tag >= 8 else { throw ProtobufReader.torn() }
    return Int(tag)
  }

  @inlinable
  package mutating func fixed64() throws(DaybookError) -> UInt64 {
    guard bytes.count - at >= 8 else { throw ProtobufReader.torn() }
    defer { at += 8 }
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
  }

  @inlinable
  package mutating func fixed32() throws(DaybookError) -> UInt32 {
    guard bytes.count - at >= 4 else { throw ProtobufReader.torn() }
    defer { at += 4 }
    return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
  }

  /// A length-delimited field's bytes, in place.
  @inlinable
  package mutating func delimited() throws(DaybookError) -> UnsafeRawBufferPointer {
    let length = try varint()
    guard length <= UInt64(bytes.count - at) else { throw ProtobufReader.torn() }
    let range = at..<at + Int(length)
    at = range.upperBound
    return UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  @inlinable
  package mutating func string() throws(DaybookError) -> String {
    String(decoding: try delimited(), as: UTF8.self)
  }

  /// Passes over a field that this version doesn't know.
  @inlinable
  package mutating func skip(_ tag: Int) throws(DaybookError) {
    switch tag & 7 {
    case 0: _ = try varint()
    case 1: _ = try fixed64()
    case 2: _ = try delimited()
    case 5: _ = try fixed32()
    default: throw ProtobufReader.torn()
    }
  }
}
