import Crypto
import Mirror
import Testing

@Suite("The digest of a mirror")
struct ChainedDigestTests {
  @Test("each is SHA-256 over the one before and the event")
  func chain() {
    var digest = ChainedDigest.start
    #expect(digest.description == String(repeating: "0", count: 64))
    var expected = [UInt8](repeating: 0, count: 32)
    for event in [[1, 2, 3], [], [UInt8](repeating: 7, count: 300)] as [[UInt8]] {
      event.withUnsafeBytes { digest.add($0) }
      expected = Array(SHA256.hash(data: expected + event))
      #expect(digest.bytes == expected)
    }
  }

  @Test("it goes on from what was written down")
  func resumed() throws {
    var whole = ChainedDigest.start
    [UInt8]("one".utf8).withUnsafeBytes { whole.add($0) }
    var resumed = try #require(ChainedDigest(hex: whole.description))
    for digest in ["two", "three"] {
      [UInt8](digest.utf8).withUnsafeBytes { whole.add($0) }
      [UInt8](digest.utf8).withUnsafeBytes { resumed.add($0) }
    }
    #expect(resumed == whole)
    #expect(ChainedDigest(hex: "00") == nil)
    #expect(ChainedDigest(hex: String(repeating: "g", count: 64)) == nil)
  }
}
