/// Murmur2 as Kafka's default partitioner computes it (seed 0x9747b28c), so that
/// partition i of a mirror is partition i of the log.
package enum Murmur2 {
  @inlinable
  package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let m: UInt32 = 0x5bd1_e995
    var h: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
    var at = 0
    while at + 4 <= bytes.count {
      var k = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      k = k &* m
      k ^= k >> 24
      k = k &* m
      h = h &* m
      h ^= k
      at += 4
    }
    let rest = bytes.count - at
    if rest >= 3 { h ^= UInt32(bytes[at + 2]) << 16 }
    if rest >= 2 { h ^= UInt32(bytes[at + 1]) << 8 }
    if rest >= 1 {
      h ^= UInt32(bytes[at])
      h = h &* m
    }
    h ^= h >> 13
    h = h &* m
    h ^= h >> 15
    return h
  }
}
