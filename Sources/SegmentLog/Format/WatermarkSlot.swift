import DaybookModel

/// What a partition's watermark file states: how far the log was durable, out of band.
/// `schemas/log-format.md`, "Watermark".
struct WatermarkSlot: Equatable, Sendable {
  static let byteCount = 96
  static let magic: UInt32 = 0x3157_5944  // "DYW1"
  static let version: UInt16 = 3
  /// What versions before 3 wrote, which knew of one point only.
  static let shortByteCount = 64
  /// Names no branch.
  static let legacyVersion: UInt16 = 1
  /// The two slots lie in pages of their own: no torn write reaches both.
  static let slotDistance = 4096
  static let fileBytes = 2 * slotDistance

  /// Grows by one with each write; the higher of two valid slots counts.
  var counter: UInt64
  var partition: PartitionID
  var epoch: Epoch
  var durableOffset: Offset
  /// The segment that is being written, and the byte behind its last durable batch.
  var segmentBase: Offset
  var position: UInt64
  /// The first bytes of the log's branch id; nil in what format 1 wrote.
  var branch: UInt64?
  /// What lies before it is durable in the segments' own files. What lies between it and
  /// `durableOffset` is so in the journal.
  var synced: SegmentPoint

  func encode(into bytes: UnsafeMutableRawBufferPointer, _ seed: LogSeed) {
    bytes.storeLittle(WatermarkSlot.magic, at: 0)
    bytes.storeLittle(WatermarkSlot.version, at: 4)
    bytes.storeLittle(partition.rawValue, at: 6)
    bytes.storeLittle(epoch.rawValue, at: 8)
    bytes.storeLittle(UInt32(0), at: 12)
    bytes.storeLittle(counter, at: 16)
    bytes.storeLittle(durableOffset.rawValue, at: 24)
    bytes.storeLittle(segmentBase.rawValue, at: 32)
    bytes.storeLittle(position, at: 40)
    bytes.storeLittle(branch ?? 0, at: 48)
    bytes.storeLittle(synced.offset.rawValue, at: 56)
    bytes.storeLittle(synced.segmentBase.rawValue, at: 64)
    bytes.storeLittle(synced.position, at: 72)
    bytes.storeLittle(UInt64(0), at: 80)
    bytes.storeLittle(UInt32(0), at: 88)
    bytes.storeLittle(seed.checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<92])), at: 92)
  }

  init(
    counter: UInt64, partition: PartitionID, epoch: Epoch, durableOffset: Offset,
    segmentBase: Offset, position: UInt64, branch: UInt64?, synced: SegmentPoint? = nil
  ) {
    self.counter = counter
    self.partition = partition
    self.epoch = epoch
    self.durableOffset = durableOffset
    self.segmentBase = segmentBase
    self.position = position
    self.branch = branch
    self.synced =
      synced ?? SegmentPoint(offset: durableOffset, segmentBase: segmentBase, position: position)
  }

  /// Nil for a slot that was never written, or not to its end.
  init?(_ bytes: UnsafeRawBufferPointer, _ seed: LogSeed) {
    guard bytes.count >= WatermarkSlot.shortByteCount,
      bytes.little(UInt32.self, at: 0) == WatermarkSlot.magic
    else { return nil }
    let version = bytes.little(UInt16.self, at: 4)
    let length =
      version == WatermarkSlot.version ? WatermarkSlot.byteCount : WatermarkSlot.shortByteCount
    guard (WatermarkSlot.legacyVersion...WatermarkSlot.version).contains(version),
      bytes.count >= length,
      bytes.little(UInt32.self, at: length - 4)
        == seed.checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<length - 4])),
      // A checksum can be right by accident: what is never written is no slot all the same.
      bytes.little(UInt32.self, at: 12) == 0, bytes.little(UInt32.self, at: length - 8) == 0,
      bytes.little(Int64.self, at: 24) >= 0, bytes.little(Int64.self, at: 32) >= 0
    else { return nil }
    self.init(
      counter: bytes.little(UInt64.self, at: 16),
      partition: PartitionID(bytes.little(UInt16.self, at: 6)),
      epoch: Epoch(bytes.little(UInt32.self, at: 8)),
      durableOffset: Offset(bytes.little(Int64.self, at: 24)),
      segmentBase: Offset(bytes.little(Int64.self, at: 32)),
      position: bytes.little(UInt64.self, at: 40),
      branch: version == WatermarkSlot.legacyVersion ? nil : bytes.little(UInt64.self, at: 48))
    guard version == WatermarkSlot.version else { return }
    synced = SegmentPoint(
      offset: Offset(bytes.little(Int64.self, at: 56)),
      segmentBase: Offset(bytes.little(Int64.self, at: 64)),
      position: bytes.little(UInt64.self, at: 72))
    guard bytes.little(UInt64.self, at: 80) == 0, synced.segmentBase >= .zero,
      synced.segmentBase <= synced.offset, synced.offset <= durableOffset
    else { return nil }
  }

  /// The newest valid slot of a partition's in a watermark file's bytes, however many of them
  /// there are. Every slot counts by itself: one may be torn, or in a file that was cut.
  static func newest(
    _ file: UnsafeRawBufferPointer, _ seeds: [LogSeed], partition: PartitionID
  ) -> WatermarkSlot? {
    var found: [WatermarkSlot] = []
    for at in [0, slotDistance] where at + shortByteCount <= file.count {
      let bytes = UnsafeRawBufferPointer(rebasing: file[at..<min(at + byteCount, file.count)])
      for (index, seed) in seeds.enumerated() {
        guard var slot = WatermarkSlot(bytes, seed), slot.partition == partition else { continue }
        // Under an older seed the log had no branches.
        if index > 0 { slot.branch = nil }
        found.append(slot)
      }
    }
    return found.max { $0.counter < $1.counter }
  }
}

/// A place between two batches of a partition: the first offset behind it, and where in which segment
/// that is.
struct SegmentPoint: Equatable, Sendable {
  var offset: Offset
  var segmentBase: Offset
  var position: UInt64
}
