import DaybookModel

/// What a partition's watermark file states: how far the log was durable, out of band.
/// `schemas/log-format.md`, "Watermark".
struct WatermarkSlot: Equatable, Sendable {
  static let byteCount = 64
  static let magic: UInt32 = 0x3157_5944  // "DYW1"
  static let version: UInt16 = 2
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
    bytes.storeLittle(UInt32(0), at: 56)
    bytes.storeLittle(seed.checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<60])), at: 60)
  }

  init(
    counter: UInt64, partition: PartitionID, epoch: Epoch, durableOffset: Offset,
    segmentBase: Offset, position: UInt64, branch: UInt64?
  ) {
    self.counter = counter
    self.partition = partition
    self.epoch = epoch
    self.durableOffset = durableOffset
    self.segmentBase = segmentBase
    self.position = position
    self.branch = branch
  }

  /// Nil for a slot that was never written, or not to its end.
  init?(_ bytes: UnsafeRawBufferPointer, _ seed: LogSeed) {
    guard bytes.count >= WatermarkSlot.byteCount,
      bytes.little(UInt32.self, at: 0) == WatermarkSlot.magic,
      [WatermarkSlot.version, WatermarkSlot.legacyVersion].contains(
        bytes.little(UInt16.self, at: 4)),
      bytes.little(UInt32.self, at: 60)
        == seed.checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<60])),
      // A checksum can be right by accident: what is never written is no slot all the same.
      bytes.little(UInt32.self, at: 12) == 0, bytes.little(UInt32.self, at: 56) == 0,
      bytes.little(Int64.self, at: 24) >= 0, bytes.little(Int64.self, at: 32) >= 0
    else { return nil }
    self.init(
      counter: bytes.little(UInt64.self, at: 16),
      partition: PartitionID(bytes.little(UInt16.self, at: 6)),
      epoch: Epoch(bytes.little(UInt32.self, at: 8)),
      durableOffset: Offset(bytes.little(Int64.self, at: 24)),
      segmentBase: Offset(bytes.little(Int64.self, at: 32)),
      position: bytes.little(UInt64.self, at: 40),
      branch: bytes.little(UInt16.self, at: 4) == WatermarkSlot.legacyVersion
        ? nil : bytes.little(UInt64.self, at: 48))
  }

  /// The newest valid slot of a partition's in a watermark file's bytes, however many of them
  /// there are. Every slot counts by itself: one may be torn, or in a file that was cut.
  static func newest(
    _ file: UnsafeRawBufferPointer, _ seeds: [LogSeed], partition: PartitionID
  ) -> WatermarkSlot? {
    var found: [WatermarkSlot] = []
    for at in [0, slotDistance] where at + byteCount <= file.count {
      let bytes = UnsafeRawBufferPointer(rebasing: file[at..<at + byteCount])
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
