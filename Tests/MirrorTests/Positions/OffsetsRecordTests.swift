import DaybookModel
import Mirror
import Testing

@Suite("Records of the offsets topic")
struct OffsetsRecordTests {
  private var position: MirrorPosition {
    var position = MirrorPosition(partition: PartitionID(3), start: Offset(10), epoch: Epoch(7))
    [1, 2, 3].withUnsafeBytes { position.pass($0, at: Offset(12)) }
    position.pass(to: Offset(20))
    position.topicEnd = 99
    return position
  }

  private let claim = MirrorClaim(
    source: LogSource(logID: "l", branchID: "b", partitionCount: 8), producers: 2,
    shape: "{\"a\":1}",
    delivery: .atLeastOnce, groups: "g", owner: "o")

  @Test("what is written is read back")
  func coded() throws {
    for record in [OffsetsRecord.position(position), .claim(claim)] {
      #expect(
        try OffsetsRecord(key: record.key("t"), value: record.value, topic: "t") == record)
    }
    #expect(position.last == Offset(12) && position.next == Offset(20))
    #expect(position.before == .start && position.digest != .start)
  }

  @Test("another topic's records are passed over, also one whose name begins as ours")
  func others() throws {
    for record in [OffsetsRecord.position(position), .claim(claim)] {
      #expect(try OffsetsRecord(key: record.key("t2"), value: record.value, topic: "t") == nil)
      #expect(try OffsetsRecord(key: record.key("t"), value: record.value, topic: "t2") == nil)
    }
  }

  @Test(
    "what nobody wrote is an error, and what a later version did is told as such",
    arguments: [
      ("t", "", ErrorCode.kafkaFailed), ("t", "{}", .kafkaFailed),
      ("t/3", "{\"v\":1}", .kafkaFailed),
      ("t/x", "{\"v\":1}", .kafkaFailed), ("t", "{\"v\":2}", .formatVersion),
      ("t/3", "{\"v\":2,\"new\":true}", .formatVersion),
    ])
  func foreign(key: String, value: String, code: ErrorCode) {
    let error = #expect(throws: DaybookError.self) {
      try OffsetsRecord(key: Array(key.utf8), value: Array(value.utf8), topic: "t")
    }
    #expect(error?.code == code)
  }

  @Test("a position under the key of another partition is an error")
  func misplaced() {
    #expect(throws: DaybookError.self) {
      try OffsetsRecord(
        key: Array("t/4".utf8), value: OffsetsRecord.position(position).value, topic: "t")
    }
  }
}
