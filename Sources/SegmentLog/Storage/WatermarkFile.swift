import DaybookModel
import Glibc

/// A partition's watermark file as its writer holds it. Used on one thread.
struct WatermarkFile {
  private let files: any FileSystem
  private let file: File
  /// Another than that of what is stated so far, once the log was raised.
  var seed: LogSeed
  private(set) var slot: WatermarkSlot
  /// Written since the last sync.
  private(set) var isDirty = false

  /// Makes the file anew, durably, with one statement, in the place of whatever is there. Where the
  /// disk has no room for both, the old one goes first: a missing watermark is "not known".
  static func make(
    _ files: any FileSystem, folder: String, _ seed: LogSeed, _ slot: WatermarkSlot
  ) throws(FileError) -> WatermarkFile {
    let path = "\(folder)/\(FileNames.watermark)"
    do throws(FileError) {
      return try WatermarkFile(files, folder: folder, seed, slot)
    } catch {
      guard error.isFull, try files.exists(path) else { throw error }
      try files.remove(path)
      return try WatermarkFile(files, folder: folder, seed, slot)
    }
  }

  private init(
    _ files: any FileSystem, folder: String, _ seed: LogSeed, _ slot: WatermarkSlot
  ) throws(FileError) {
    self.files = files
    self.seed = seed
    self.slot = slot
    var bytes = [UInt8](repeating: 0, count: WatermarkSlot.fileBytes)
    let at = WatermarkFile.place(of: slot)
    bytes.withUnsafeMutableBytes {
      slot.encode(
        into: UnsafeMutableRawBufferPointer(rebasing: $0[at..<at + WatermarkSlot.byteCount]), seed)
    }
    try files.makeDurably(FileNames.watermark, in: folder, bytes: bytes)
    file = try files.open("\(folder)/\(FileNames.watermark)", flags: O_RDWR, mode: 0)
  }

  private static func place(of slot: WatermarkSlot) -> Int {
    Int(slot.counter % 2) * WatermarkSlot.slotDistance
  }

  /// Hands the statement to the page cache, over the older of the two slots.
  mutating func state(
    durable: Offset, segmentBase: Offset, position: UInt64
  ) throws(FileError) {
    precondition(durable >= slot.durableOffset, "what is durable stays so")
    var next = slot
    next.counter += 1
    next.durableOffset = durable
    next.segmentBase = segmentBase
    next.position = position
    try withUnsafeTemporary(next) { (bytes) throws(FileError) in
      try files.write(file, bytes, at: UInt64(WatermarkFile.place(of: next)))
    }
    slot = next
    isDirty = true
  }

  private func withUnsafeTemporary(
    _ slot: WatermarkSlot, _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
  ) throws(FileError) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: WatermarkSlot.byteCount, alignment: 8)
    defer { bytes.deallocate() }
    slot.encode(into: bytes, seed)
    try body(UnsafeRawBufferPointer(bytes))
  }

  mutating func sync() throws(FileError) {
    guard isDirty else { return }
    try files.syncData(file)
    isDirty = false
  }

  func close() { files.close(file) }
}
