import DaybookModel

/// What a partition's watermark file states: how far the log was durable, out of band.
/// `schemas/log-format.md`, "Watermark".
struct WatermarkSlot: Equatable, Sendable {
  static let byteCount = 64
  static let magic: UInt32 = 0x3157_5944  // "DYW1"
  static let version: UInt16 = 1
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

  func encode(into bytes: UnsafeMutableRawBufferPointer, _ log: LogID) {
    bytes.storeLittle(WatermarkSlot.magic, at: 0)
    bytes.storeLittle(WatermarkSlot.version, at: 4)
    bytes.storeLittle(partition.rawValue, at: 6)
    bytes.storeLittle(epoch.rawValue, at: 8)
    bytes.storeLittle(UInt32(0), at: 12)
    bytes.storeLittle(counter, at: 16)
    bytes.storeLittle(durableOffset.rawValue, at: 24)
    bytes.storeLittle(segmentBase.rawValue, at: 32)
    bytes.storeLittle(position, at: 40)
    bytes.storeLittle(UInt64(0), at: 48)
    bytes.storeLittle(UInt32(0), at: 56)
    bytes.storeLittle(log.checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<60])), at: 60)
  }

  init(
    counter: UInt64, partition: PartitionID, epoch: Epoch, durableOffset: Offset,
    segmentBase: Offset, position: UInt64
  ) {
    self.counter = counter
    self.partition = partition
    self.epoch = epoch
    self.durableOffset = durableOffset
    self.segmentBase = segmentBase
    self.position = position
  }

  /// Nil for a slot that was never written, or not to its end.
  init?(_ bytes: UnsafeRawBufferPointer, _ log: LogID) {
    guard bytes.count >= WatermarkSlot.byteCount,
      bytes.little(UInt32.self, at: 0) == WatermarkSlot.magic,
      bytes.little(UInt16.self, at: 4) == WatermarkSlot.version,
      bytes.little(UInt32.self, at: 60)
        == log.checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<60]))
    else { return nil }
    self.init(
      counter: bytes.little(UInt64.self, at: 16),
      partition: PartitionID(bytes.little(UInt16.self, at: 6)),
      epoch: Epoch(bytes.little(UInt32.self, at: 8)),
      durableOffset: Offset(bytes.little(Int64.self, at: 24)),
      segmentBase: Offset(bytes.little(Int64.self, at: 32)),
      position: bytes.little(UInt64.self, at: 40))
  }

  /// The newer valid slot of a watermark file's bytes.
  static func newest(_ file: UnsafeRawBufferPointer, _ log: LogID) -> WatermarkSlot? {
    guard file.count >= fileBytes else { return nil }
    let slots = [0, slotDistance].compactMap {
      WatermarkSlot(UnsafeRawBufferPointer(rebasing: file[$0..<$0 + byteCount]), log)
    }
    return slots.max { $0.counter < $1.counter }
  }
}
