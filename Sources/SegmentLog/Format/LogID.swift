/// 16 random bytes made with the log. Public: clients and tokens carry it, so that positions of
/// another log mean nothing here. A branch has an id of the same form.
struct LogID: Equatable, Sendable {
  static let byteCount = 16

  let bytes: [UInt8]

  init(bytes: [UInt8]) {
    precondition(bytes.count == LogID.byteCount)
    self.bytes = bytes
  }

  static func random() -> LogID {
    var source = SystemRandomNumberGenerator()
    return LogID(
      bytes: (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &source) })
  }

  /// Nil unless `hex` is 32 hexadecimal digits.
  init?(hex: String) {
    let digits = hex.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count == 2 * LogID.byteCount else { return nil }
    var bytes: [UInt8] = []
    for pair in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[pair], let low = digits[pair + 1] else { return nil }
      bytes.append(UInt8(high << 4 | low))
    }
    self.init(bytes: bytes)
  }

  var hex: String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  /// The first eight bytes, where there is no room for more.
  var prefix: UInt64 { bytes.withUnsafeBytes { $0.little(UInt64.self, at: 0) } }
}
