import DaybookModel
import Testing

@testable import SegmentLog

/// A checksum of 32 bits is right by accident once in four thousand million times, and a program
/// that is wrong makes right ones of what is wrong.
@Suite("what is never written is refused, though its checksum is right")
struct ImplausibleTests {
  static let manifest = Manifest(partitions: 1)
  static var seed: LogSeed { manifest.seed }

  /// A number that is put in the place of the one that was there.
  struct Change: Sendable, CustomTestStringConvertible {
    var at: Int
    var bytes: [UInt8]
    var testDescription: String { "bytes from \(at): \(bytes)" }

    init<Value: FixedWidthInteger & BitwiseCopyable>(_ at: Int, _ value: Value) {
      self.at = at
      bytes = []
      bytes.appendLittle(value)
    }

    /// `end` is where the checksum lies.
    func made(in whole: [UInt8], end: Int) -> [UInt8] {
      var changed = whole
      changed.replaceSubrange(at..<at + bytes.count, with: bytes)
      let checksum = changed[..<end].withUnsafeBytes { ImplausibleTests.seed.checksum($0) }
      changed.withUnsafeMutableBytes { $0.storeLittle(checksum, at: end) }
      return changed
    }
  }

  private func encoded(_ count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.withUnsafeMutableBytes { body($0) }
    return bytes
  }

  @Test(
    "a batch's header",
    arguments: [
      Change(7, UInt8(1)), Change(10, UInt16(1)), Change(72, UInt32(1)), Change(16, Int64.max),
      Change(16, Int64(-1)), Change(24, UInt32(0)), Change(24, UInt32.max), Change(56, Int64(-1)),
      Change(56, Int64(8)),
    ])
  func header(_ change: Change) {
    let header = BatchHeader(
      partition: PartitionID(0), epoch: Epoch(1), baseOffset: Offset(7), count: 2, storedBytes: 40,
      rawBytes: 40, firstRecordedAt: .none, lastRecordedAt: .none, durableOffset: Offset(7),
      previousChain: 5, storedChecksum: 6, rawChecksum: 6)
    let whole = encoded(BatchHeader.byteCount) { header.encode(into: $0, ImplausibleTests.seed) }
    func decoded(_ bytes: [UInt8]) -> BatchHeader.Decoded {
      bytes.withUnsafeBytes { BatchHeader.decode($0, ImplausibleTests.seed) }
    }
    guard case .header(header) = decoded(whole) else {
      Issue.record("the whole header is refused")
      return
    }
    guard case .invalid = decoded(change.made(in: whole, end: 76)) else {
      Issue.record("the header is taken")
      return
    }
  }

  @Test(
    "an index's header",
    arguments: [
      Change(8, Int64(-1)), Change(8, Int64(12)), Change(16, Int64.max), Change(60, UInt32(0)),
      Change(60, UInt32(9)), Change(64, UInt32(0)), Change(64, UInt32.max), Change(68, UInt32(9)),
      Change(68, UInt32(0)), Change(72, UInt32(9)), Change(76, UInt32(4)), Change(76, UInt32(16)),
      Change(84, UInt32(9)), Change(88, UInt32(1)), Change(4, UInt16(1)),
    ])
  func index(_ change: Change) {
    let facts = SegmentFacts(
      partition: PartitionID(0), baseOffset: Offset(7), nextOffset: Offset(12), bytesUsed: 400,
      chainBefore: 1, chainAfter: 2, lastEpoch: Epoch(1), lastRecordedAt: .none)
    let layout = IndexLayout(
      facts: facts, places: 2, filterWords: 1, streams: 2, conversations: 1, origins: 1,
      entries: 6)
    let whole = encoded(IndexLayout.byteCount) { layout.encode(into: $0, ImplausibleTests.seed) }
    func decoded(_ bytes: [UInt8]) -> IndexLayout? {
      bytes.withUnsafeBytes { IndexLayout($0, ImplausibleTests.seed) }
    }
    #expect(decoded(whole) == layout)
    #expect(decoded(change.made(in: whole, end: 92)) == nil)
  }

  @Test(
    "a watermark's slot",
    arguments: [
      Change(12, UInt32(1)), Change(24, Int64(-1)), Change(32, Int64(-1)), Change(80, UInt32(1)),
      Change(88, UInt32(1)), Change(56, Int64(8)), Change(56, Int64(-1)), Change(64, Int64(8)),
    ])
  func slot(_ change: Change) {
    let slot = WatermarkSlot(
      counter: 3, partition: PartitionID(0), epoch: Epoch(1), durableOffset: Offset(7),
      segmentBase: .zero, position: 400, branch: 5)
    let whole = encoded(WatermarkSlot.byteCount) { slot.encode(into: $0, ImplausibleTests.seed) }
    func decoded(_ bytes: [UInt8]) -> WatermarkSlot? {
      bytes.withUnsafeBytes { WatermarkSlot($0, ImplausibleTests.seed) }
    }
    #expect(decoded(whole) == slot)
    #expect(decoded(change.made(in: whole, end: WatermarkSlot.byteCount - 4)) == nil)
  }

  @Test("an epoch's record")
  func epoch() {
    let record = EpochRecord(epoch: Epoch(3), branch: ImplausibleTests.manifest.branch)
    let whole = record.encode(ImplausibleTests.seed)
    #expect(EpochRecord(whole, ImplausibleTests.seed) == record)
    let changed = Change(12, UInt32(1)).made(in: whole, end: EpochRecord.byteCount - 4)
    #expect(EpochRecord(changed, ImplausibleTests.seed) == nil)
  }

  @Test("a manifest raised where there can be no offset", arguments: ["-1", "1 2", "x"])
  func manifest(raisedAt: String) throws {
    func text(_ raised: String) -> [UInt8] {
      let id = ImplausibleTests.manifest.log.hex
      let covered =
        "{\"format_version\": 2, \"partitions\": 1, \"log_id\": \"\(id)\", "
        + "\"branch_id\": \"\(id)\", \"secret\": \"\(id)\", \"raised_at\": \"\(raised)\", "
      return Array(SealedText.close(covered).utf8)
    }
    #expect(try Manifest(parsing: text("5")).raisedAt == [Offset(5)])
    let error = #expect(throws: DaybookError.self) { try Manifest(parsing: text(raisedAt)) }
    #expect(error?.code == .logCorrupt)
  }
}
