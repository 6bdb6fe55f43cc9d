import DaybookModel
import Testing

@Suite("Partitioning")
struct Murmur2Tests {
  /// From Kafka's own tests (clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java).
  @Test(
    "murmur2 gives what Kafka's gives",
    arguments: [
      ("21", -973_932_308),
      ("foobar", -790_332_482),
      ("a-little-bit-long-string", -985_981_536),
      ("a-little-bit-longer-string", -1_486_304_829),
      ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
      ("abc", 479_470_107),
    ])
  func kafkaVectors(text: String, expected: Int) {
    let hash = Array(text.utf8).withUnsafeBytes { Murmur2.hash($0) }
    #expect(Int(Int32(bitPattern: hash)) == expected)
  }

  @Test(
    "a stream's partition is the hash without its sign bit, modulo the count",
    arguments: [("user/alice", 7), ("user/bob", 4), ("group/ubuntu", 2)])
  func partitionOfStream(text: String, expected: Int) throws {
    let stream = try StreamKey(parsing: text)
    #expect(stream.partition(of: 8) == PartitionID(expected))
  }

  @Test("the partitions of many streams are all used, and none beyond the count")
  func spread() throws {
    var counts = [Int](repeating: 0, count: 8)
    for number in 0..<8_000 {
      let stream = try StreamKey(parsing: "user/u\(number)")
      counts[stream.partition(of: 8).index] += 1
    }
    #expect(counts.allSatisfy { $0 > 800 && $0 < 1_200 })
  }
}
