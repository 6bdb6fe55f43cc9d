import DaybookModel
import Files
import Glibc

/// A partition's watermark file as its owner holds it. Used under the committer's lock.
struct WatermarkFile {
  private let files: any FileSystem
  private let folder: String
  /// Who makes it: of two that open the log at once, neither writes into the other's file.
  private let maker: String
  private(set) var file: File
  private var identity: FileIdentity
  /// Another than that of what is stated so far, once the log was raised.
  var seed: LogSeed
  private(set) var slot: WatermarkSlot
  /// Written since the last sync.
  private(set) var isDirty = false

  /// Makes the file anew, durably, with one statement, in the place of whatever is there. Where the
  /// disk has no room for both, the old one goes first: a missing watermark is "not known".
  static func make(
    _ files: any FileSystem, folder: String, _ seed: LogSeed, _ slot: WatermarkSlot,
    by maker: String
  ) throws(FileError) -> WatermarkFile {
    let path = "\(folder)/\(FileNames.watermark)"
    do throws(FileError) {
      return try WatermarkFile(files, folder: folder, seed, slot, by: maker)
    } catch {
      guard error.isFull, try files.exists(path) else { throw error }
      try files.remove(path)
      return try WatermarkFile(files, folder: folder, seed, slot, by: maker)
    }
  }

  private init(
    _ files: any FileSystem, folder: String, _ seed: LogSeed, _ slot: WatermarkSlot,
    by maker: String
  ) throws(FileError) {
    self.files = files
    self.folder = folder
    self.maker = maker
    self.seed = seed
    self.slot = slot
    (file, identity) = try WatermarkFile.put(files, folder, seed, slot, maker)
  }

  /// The new file is the one that is kept open, whatever stands under its name by then.
  private static func put(
    _ files: any FileSystem, _ folder: String, _ seed: LogSeed, _ slot: WatermarkSlot,
    _ maker: String
  ) throws(FileError) -> (File, FileIdentity) {
    var bytes = [UInt8](repeating: 0, count: WatermarkSlot.fileBytes)
    let at = place(of: slot)
    bytes.withUnsafeMutableBytes {
      slot.encode(into: UnsafeMutableRawBufferPointer(rebasing: $0[at...]), seed)
    }
    let name = FileNames.watermark
    let temporary = "\(folder)/\(name).\(maker)\(TemporaryName.suffix)"
    let file = try files.open(temporary, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o640)
    do throws(FileError) {
      try files.write(file, bytes, at: 0)
      try files.syncData(file)
      let identity = try files.identity(temporary)
      try files.rename(temporary, to: "\(folder)/\(name)")
      try files.sync(folder: folder)
      return (File(descriptor: file.descriptor, path: "\(folder)/\(name)"), identity)
    } catch {
      files.close(file)
      try? files.remove(temporary)
      throw error
    }
  }

  /// What is stated is read from this file. False also where that can't be known.
  var isInPlace: Bool {
    (try? files.identity("\(folder)/\(FileNames.watermark)"))?.isSameFile(as: identity) ?? false
  }

  /// With what is stated, in the place of whatever is there.
  mutating func makeAnew() throws(FileError) {
    let before = file
    (file, identity) = try WatermarkFile.put(files, folder, seed, slot, maker)
    files.close(before)
    isDirty = false
  }

  private static func place(of slot: WatermarkSlot) -> Int {
    Int(slot.counter % 2) * WatermarkSlot.slotDistance
  }

  /// States how far the partition is durable, in its segments' files or in the journal.
  mutating func state(durable point: SegmentPoint) throws(FileError) {
    precondition(point.offset >= slot.durableOffset, "what is durable stays so")
    var next = slot
    next.durableOffset = point.offset
    next.segmentBase = point.segmentBase
    next.position = point.position
    try write(&next)
  }

  /// States how far it is durable in the segments' files.
  mutating func state(synced point: SegmentPoint) throws(FileError) {
    precondition(point.offset >= slot.synced.offset, "what is durable stays so")
    assert(point.offset <= slot.durableOffset, "segments are synced behind the journal")
    var next = slot
    next.synced = point
    try write(&next)
  }

  /// Hands the statement to the page cache, over the older of the two slots.
  private mutating func write(_ next: inout WatermarkSlot) throws(FileError) {
    next.counter += 1
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

  /// Somebody has synced the file since what `earlier` states was written to it.
  mutating func wasSynced(with earlier: WatermarkFile) {
    if slot.counter == earlier.slot.counter { isDirty = false }
  }

  func close() { files.close(file) }
}
