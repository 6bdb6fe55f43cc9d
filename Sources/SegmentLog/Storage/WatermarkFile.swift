import DaybookModel
import Glibc

/// A partition's watermark file as its writer holds it. Used on one thread.
struct WatermarkFile {
  private let files: any FileSystem
  private let file: Int32
  private let log: LogID
  private(set) var slot: WatermarkSlot
  /// Written since the last sync.
  private(set) var isDirty = false

  /// Opens the file, or makes it. `stated` is what it holds, nil for a new partition.
  init(
    _ files: any FileSystem, folder: String, _ log: LogID, next slot: WatermarkSlot
  ) throws(FileError) {
    self.files = files
    self.log = log
    self.slot = slot
    file = try files.open("\(folder)/\(FileNames.watermark)", flags: O_RDWR, mode: 0)
  }

  /// What a partition's file states; nil if neither slot is valid. Throws `ENOENT` where there
  /// is no file.
  static func read(
    _ files: any FileSystem, folder: String, _ log: LogID
  ) throws(FileError) -> WatermarkSlot? {
    let bytes = try files.contents(
      of: "\(folder)/\(FileNames.watermark)", bytesMax: WatermarkSlot.fileBytes)
    return bytes.withUnsafeBytes { WatermarkSlot.newest($0, log) }
  }

  static func make(
    _ files: any FileSystem, folder: String, _ log: LogID, partition: PartitionID
  ) throws(FileError) {
    var bytes = [UInt8](repeating: 0, count: WatermarkSlot.fileBytes)
    let slot = WatermarkSlot(
      counter: 0, partition: partition, epoch: Epoch(0), durableOffset: .zero,
      segmentBase: .zero, position: 0)
    bytes.withUnsafeMutableBytes {
      slot.encode(
        into: UnsafeMutableRawBufferPointer(rebasing: $0[0..<WatermarkSlot.byteCount]), log)
    }
    try files.makeDurably(FileNames.watermark, in: folder, bytes: bytes)
  }

  /// Hands the statement to the page cache, over the older of the two slots.
  mutating func state(
    durable: Offset, segmentBase: Offset, position: UInt64
  ) throws(FileError) {
    precondition(durable >= slot.durableOffset, "what is durable stays so")
    slot.counter += 1
    slot.durableOffset = durable
    slot.segmentBase = segmentBase
    slot.position = position
    let at = slot.counter % 2 * UInt64(WatermarkSlot.slotDistance)
    let bytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: WatermarkSlot.byteCount, alignment: 8)
    defer { bytes.deallocate() }
    slot.encode(into: bytes, log)
    try files.write(file, UnsafeRawBufferPointer(bytes), at: at)
    isDirty = true
  }

  mutating func sync() throws(FileError) {
    guard isDirty else { return }
    try files.syncData(file)
    isDirty = false
  }

  func close() { files.close(file) }
}
