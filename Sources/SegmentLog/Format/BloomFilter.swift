/// Says of most keys that a segment does not hold that it doesn't, from one or two cache lines.
/// Keys are hashes, so the probes are taken from the key itself (Kirsch and Mitzenmacher, 2006).
enum BloomFilter {
  static let bitsPerKey = 10
  static let probes = 7

  static func wordCount(keys: Int) -> Int { max(1, (keys * bitsPerKey + 63) / 64) }

  static func make(_ keys: some Sequence<UInt64>, count: Int) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: wordCount(keys: count))
    let bits = UInt64(words.count) * 64
    for key in keys {
      for probe in 0..<UInt64(probes) {
        let bit = bit(key, probe, of: bits)
        words[Int(bit >> 6)] |= 1 << (bit & 63)
      }
    }
    return words
  }

  /// `word` gives the filter's word at an index.
  static func mayHold(_ key: UInt64, wordCount: Int, word: (Int) -> UInt64) -> Bool {
    let bits = UInt64(wordCount) * 64
    for probe in 0..<UInt64(probes) {
      let bit = bit(key, probe, of: bits)
      if word(Int(bit >> 6)) & 1 << (bit & 63) == 0 { return false }
    }
    return true
  }

  private static func bit(_ key: UInt64, _ probe: UInt64, of bits: UInt64) -> UInt64 {
    (key &+ probe &* (key >> 33 | 1)) % bits
  }
}
