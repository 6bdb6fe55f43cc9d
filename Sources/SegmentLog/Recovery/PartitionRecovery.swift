import DaybookModel
import Glibc
import Ports

/// Opens one partition for its owner: DESIGN's rules for what may be cut, what is made durable
/// anew, and what is corruption. `schemas/log-format.md`, "Recovery".
struct PartitionRecovery {
  struct Outcome {
    var segments: PartitionSegments
    /// Nil for a partition that is served read-only.
    var start: PartitionWriter.Start?
    var findings: [RecoveryFinding]
  }

  let files: any FileSystem
  let folder: String
  let partition: PartitionID
  let log: LogID
  let scanner: any EventScanner
  let epoch: Epoch
  let options: SegmentLogOptions
  var findings: [RecoveryFinding] = []
  /// The corruption that was found first: the partition is served up to it.
  var fault: LogFault?

  init(
    files: any FileSystem, folder: String, partition: PartitionID, log: LogID,
    scanner: any EventScanner, epoch: Epoch, options: SegmentLogOptions
  ) {
    self.files = files
    self.folder = folder
    self.partition = partition
    self.log = log
    self.scanner = scanner
    self.epoch = epoch
    self.options = options
  }

  /// Throws for what is no corruption of the log: permissions, a disk that can't be read or is
  /// full, an epoch on disk that isn't below the owner's.
  mutating func run() throws(DaybookError) -> Outcome {
    let bases = try perform { () throws(FileError) in try tidy() }
    let stated = try perform { () throws(FileError) in try watermark() }
    try fence(stated.epoch)
    let all = bases.map {
      Segment(partition: partition, base: $0, folder: folder, index: .unknown)
    }
    let previous = try checkClosed(all)
    if fault == nil {
      let (segments, start) = try openLast(all, after: previous, stated)
      if fault == nil { return Outcome(segments: segments, start: start, findings: findings) }
    }
    let fault = fault!
    findings.append(.corrupt(fault))
    let segments = view(all.filter { $0.base < fault.offset }, highWatermark: fault.offset)
    return Outcome(segments: segments, start: nil, findings: findings)
  }

  /// Removes what was being made when the last owner stopped; lists segments by base offset.
  private func tidy() throws(FileError) -> [Offset] {
    var bases: [Offset] = []
    for name in try files.list(folder) {
      if name.hasSuffix(FileNames.temporarySuffix) { try files.remove("\(folder)/\(name)") }
      if let base = FileNames.segmentBase(name) { bases.append(base) }
    }
    return bases.sorted()
  }

  private func watermark() throws(FileError) -> WatermarkSlot {
    let unknown = WatermarkSlot(
      counter: 0, partition: partition, epoch: Epoch(0), durableOffset: .zero,
      segmentBase: .zero, position: 0)
    do throws(FileError) {
      let slot = try WatermarkFile.read(files, folder: folder, log)
      return slot?.partition == partition ? slot! : unknown
    } catch {
      guard error.number == ENOENT else { throw error }
      try WatermarkFile.make(files, folder: folder, log, partition: partition)
      return unknown
    }
  }

  func fence(_ seen: Epoch) throws(DaybookError) {
    guard seen >= epoch else { return }
    throw DaybookError(
      .epochFenced,
      "partition \(partition) was written under epoch \(seen), the epoch file says less: "
        + "if the folder was restored from a copy, restore all of it")
  }

  func view(_ segments: [Segment], highWatermark: Offset) -> PartitionSegments {
    PartitionSegments(
      files: files, folder: folder, partition: partition, log: log, scanner: scanner,
      writesIndexes: true, segments: segments, highWatermark: highWatermark)
  }

  func perform<Value>(
    _ body: () throws(FileError) -> Value
  ) throws(DaybookError) -> Value {
    do throws(FileError) { return try body() } catch { throw error.asDaybookError }
  }
}
