/// A trace-id of W3C Trace Context: what a client calls the work that a command is part of.
package struct TraceID: Hashable, Sendable, CustomStringConvertible {
  package static let byteCount = Limits.traceIDBytes

  /// As their bytes come, the first on top.
  @usableFromInline let high: UInt64
  @usableFromInline let low: UInt64

  /// Nil for what is not 16 bytes, or none but zeros: the standard has that stand for nothing.
  @inlinable
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == TraceID.byteCount else { return nil }
    let high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
    let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    guard high | low != 0 else { return nil }
    self.high = high
    self.low = low
  }

  package init?(_ bytes: some Sequence<UInt8>) {
    let made = Array(bytes).withUnsafeBytes { TraceID($0) }
    guard let made else { return nil }
    self = made
  }

  /// Nil for what is not 32 hexadecimal digits, or none but zeros.
  package init?(hexadecimal text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 2 * TraceID.byteCount else { return nil }
    var bytes: [UInt8] = []
    for at in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Character(UnicodeScalar(digits[at])).hexDigitValue,
        let low = Character(UnicodeScalar(digits[at + 1])).hexDigitValue
      else { return nil }
      bytes.append(UInt8(high << 4 | low))
    }
    self.init(bytes)
  }

  @inlinable
  package func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    try withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { try body($0) }
  }

  package var bytes: [UInt8] { withBytes { [UInt8]($0) } }

  /// 32 lowercase hexadecimal digits, as `traceparent` and logs have it.
  package var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
