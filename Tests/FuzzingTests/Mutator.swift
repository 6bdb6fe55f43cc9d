/// Changes bytes as a fuzzer does, from a seed: the same in every run.
struct Mutator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// Steele, Lea and Flood's SplitMix.
  private mutating func below(_ bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return Int((mixed ^ mixed >> 31) % UInt64(max(1, bound)))
  }

  mutating func mutation(of input: [UInt8], with others: [[UInt8]]) -> [UInt8] {
    var bytes = input
    for _ in 0...below(3) { change(&bytes, others) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8], _ others: [[UInt8]]) {
    let at = below(bytes.count)
    switch below(7) {
    case 0 where !bytes.isEmpty: bytes[at] ^= 1 << UInt8(below(8))
    case 1 where !bytes.isEmpty: bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)]
    case 2: bytes.insert(UInt8(below(256)), at: at)
    case 3 where !bytes.isEmpty: bytes.removeSubrange(at..<min(bytes.count, at + 1 + below(8)))
    case 4: bytes.removeLast(min(bytes.count, below(bytes.count + 1)))
    case 5:
      let other = others[below(others.count)]
      let start = below(other.count)
      let part = other[start..<min(other.count, start + below(40))]
      bytes.replaceSubrange(at..<min(bytes.count, at + below(2) * part.count), with: part)
    default:
      // A number where there may be a length.
      let number = [0, 1, 0xff, 0x7fff_ffff, 0xffff_ffff][below(5)]
      for shift in 0..<4 where at + shift < bytes.count {
        bytes[at + shift] = UInt8(truncatingIfNeeded: number >> (8 * shift))
      }
    }
  }
}
