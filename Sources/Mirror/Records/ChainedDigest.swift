import Crypto

/// A digest over all events up to one: the next is SHA-256 over this one and the event's bytes. So a
/// mirror that starts anew goes on from what it wrote down, which a running SHA-256 can't.
package struct ChainedDigest: Sendable, Equatable, CustomStringConvertible {
  /// Before the first event.
  package static let start = ChainedDigest(bytes: [UInt8](repeating: 0, count: 32))

  package private(set) var bytes: [UInt8]

  private init(bytes: [UInt8]) { self.bytes = bytes }

  /// What `description` wrote; nil for anything else.
  package init?(hex: String) {
    let digits = Array(hex.utf8)
    guard digits.count == 64 else { return nil }
    bytes = []
    for at in stride(from: 0, to: 64, by: 2) {
      guard let high = ChainedDigest.value(digits[at]),
        let low = ChainedDigest.value(digits[at + 1])
      else { return nil }
      bytes.append(high << 4 | low)
    }
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  package mutating func add(_ event: UnsafeRawBufferPointer) {
    var hash = SHA256()
    bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    hash.update(bufferPointer: event)
    hash.finalize().withUnsafeBytes { digest in
      bytes.withUnsafeMutableBytes { $0.copyMemory(from: digest) }
    }
  }

  package var description: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 0xf)]] }
    return String(decoding: text, as: UTF8.self)
  }
}
