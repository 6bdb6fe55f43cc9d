/// Every number in the log's files is little-endian and unaligned.
extension UnsafeRawBufferPointer {
  func little<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, at position: Int
  ) -> Value {
    Value(littleEndian: loadUnaligned(fromByteOffset: position, as: Value.self))
  }
}

extension UnsafeMutableRawBufferPointer {
  func storeLittle<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at position: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: position, as: Value.self)
  }
}

extension [UInt8] {
  mutating func appendLittle<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
