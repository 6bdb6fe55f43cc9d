import DaybookModel
import Testing

/// These values are stored: in indexes, snapshots and state hashes. Computed by a separate
/// implementation of the construction; a change to any of them is a change of formats.
@Suite("Stable hash")
struct StableHashTests {
  @Test(
    "hashes of bytes never change",
    arguments: [
      ("", 0x9291_6e7b_d62b_aeab),
      ("a", 0x9d6d_d4af_537b_6b1c),
      ("user/alice", 0xcf6a_3c73_30e7_987f),
      ("group/ubuntu", 0x575c_a5e2_01f8_1929),
      ("12345678", 0x7b58_3f48_db8e_9a0a),
      ("123456789", 0x21e5_ab62_4148_8542),
      ("user/\u{e9}", 0x029b_7d18_3a0c_3e11),
      ("1234567890123456", 0xfc0c_7a68_45ad_d407),
      ("The quick brown fox jumps over the lazy dog", 0x0191_1ec6_4337_c086),
    ] as [(String, UInt64)])
  func pinnedText(text: String, expected: UInt64) {
    var hash = StableHash()
    hash.combine(text)
    #expect(hash.finish() == expected)
  }

  @Test("hashes of numbers, and of a seed, never change")
  func pinnedNumbers() {
    var hash = StableHash(seed: 7)
    hash.combine(1)
    hash.combine(UInt64.max)
    #expect(hash.finish() == 0xd6ff_1339_6717_76c1)
  }

  @Test("fingerprints of streams and conversations never change")
  func pinnedFingerprints() throws {
    let alice = try UserID("alice")
    let bob = try UserID("bob")
    let ubuntu = try GroupID("ubuntu")
    #expect(StreamKey.user(alice).fingerprint == 0xcf6a_3c73_30e7_987f)
    #expect(ConversationKey(group: ubuntu).fingerprint == 0x9ef3_7746_23ad_f484)
    #expect(ConversationKey(mailbox: alice, peer: bob).fingerprint == 0xcb97_1aa2_c026_b159)
  }

  @Test("where values are cut, and zero bytes at the end, make a difference")
  func boundaries() {
    func hash(_ parts: [UInt8]...) -> UInt64 {
      var hash = StableHash()
      for part in parts { part.withUnsafeBytes { hash.combine($0) } }
      return hash.finish()
    }
    let all = [
      hash([]), hash([0]), hash([0, 0]), hash([], []), hash([1, 2, 3]), hash([1], [2, 3]),
      hash([1, 2], [3]), hash([3, 2, 1]), hash([UInt8](repeating: 0, count: 8)),
      hash([UInt8](repeating: 0, count: 16)),
    ]
    #expect(Set(all).count == all.count)
  }
}
