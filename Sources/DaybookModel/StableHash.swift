/// A 64-bit hash that is the same in every process and on every machine, for what is
/// stored: index keys and state hashes. Not for what an adversary may profit from.
///
/// Mixes 16 bytes at a time by a 64x64 -> 128-bit multiplication, the construction of wyhash
/// (Wang Yi, 2019), with its own constants and its own treatment of the tail.
package struct StableHash: Sendable {
  @usableFromInline var state: UInt64
  @usableFromInline var length: UInt64 = 0

  @inlinable
  package init(seed: UInt64 = 0) { self.state = seed ^ 0x9e37_79b9_7f4a_7c15 }

  @inlinable
  static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  @inlinable
  package mutating func combine(_ value: UInt64) {
    state = StableHash.mix(state ^ value, 0xd6e8_feb8_6659_fd93 ^ (length &+ 8))
    length &+= 8
  }

  @inlinable
  package mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    while at + 16 <= bytes.count {
      let low = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      let high = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self))
      state = StableHash.mix(low ^ 0xd6e8_feb8_6659_fd93, high ^ state)
      at += 16
    }
    if at + 8 <= bytes.count {
      combine(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
      at += 8
    }
    var tail: UInt64 = 0
    var shift: UInt64 = 0
    while at < bytes.count {
      tail |= UInt64(bytes[at]) << shift
      shift += 8
      at += 1
    }
    // The count goes in too, so that trailing zero bytes are not lost in the tail.
    combine(tail)
    combine(UInt64(bytes.count))
  }

  @inlinable
  package mutating func combine(_ text: String) {
    var text = text
    text.withUTF8 { combine(UnsafeRawBufferPointer($0)) }
  }

  @inlinable
  package func finish() -> UInt64 {
    StableHash.mix(state ^ 0xa076_1d64_78bd_642f, length ^ 0xe703_7ed1_a0b4_28db)
  }
}
