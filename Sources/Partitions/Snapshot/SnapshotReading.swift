import DaybookModel
import DaybookSchema

/// What messages of a snapshot are read with. Fields come in any order, and those that nobody knows are
/// passed over.
extension ProtobufReader {
  static func forEachField(
    _ bytes: UnsafeRawBufferPointer,
    _ body: (Int, inout ProtobufReader) throws(DaybookError) -> Bool
  ) throws(DaybookError) {
    var reader = ProtobufReader(bytes)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      if try !body(tag, &reader) { try reader.skip(tag) }
    }
  }

  mutating func flag() throws(DaybookError) -> Bool { try varint() != 0 }

  mutating func seq() throws(DaybookError) -> Seq { Seq(try varint()) }

  mutating func user() throws(DaybookError) -> UserID { UserID(checked: try string()) }

  /// Of a repeated field: packed, or one of its elements by itself.
  mutating func varints(_ tag: Int, into values: inout [UInt64]) throws(DaybookError) {
    guard tag & 7 == 2 else { return values.append(try varint()) }
    var packed = ProtobufReader(try delimited())
    while !packed.isAtEnd { values.append(try packed.varint()) }
  }

  mutating func fixed64s(_ tag: Int, into values: inout [UInt64]) throws(DaybookError) {
    guard tag & 7 == 2 else { return values.append(try fixed64()) }
    var packed = ProtobufReader(try delimited())
    while !packed.isAtEnd { values.append(try packed.fixed64()) }
  }

  mutating func fixed32s(_ tag: Int, into values: inout [UInt32]) throws(DaybookError) {
    guard tag & 7 == 2 else { return values.append(try fixed32()) }
    var packed = ProtobufReader(try delimited())
    while !packed.isAtEnd { values.append(try packed.fixed32()) }
  }
}

/// Field number and wire type, as tags have them.
enum Tag {
  static func varint(_ field: Int) -> Int { field << 3 }
  static func fixed64(_ field: Int) -> Int { field << 3 | 1 }
  static func delimited(_ field: Int) -> Int { field << 3 | 2 }
  static func fixed32(_ field: Int) -> Int { field << 3 | 5 }
}

extension Collection {
  /// Few are compared with each other, for making a set costs more.
  func areDistinct<Key: Hashable>(by key: (Element) -> Key) -> Bool {
    guard count > 1 else { return true }
    guard count <= 8 else { return Set(map(key)).count == count }
    var keys: [Key] = []
    for element in self {
      let key = key(element)
      if keys.contains(key) { return false }
      keys.append(key)
    }
    return true
  }
}
