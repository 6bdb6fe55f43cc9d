import DaybookModel
import Files
import Glibc
import Ports

/// What one partition's folder holds, looked at without changing anything: how far it is whole, how
/// far anyone states that it was durable, and what is wrong with it. An owner settles it afterwards
/// (`PartitionSettling`); whoever only asks reads what it found. `schemas/log-format.md`, "Recovery".
struct PartitionSurvey {
  /// The disk, and the segments' files on it as they are without the journal.
  let disk: any FileSystem
  /// All partitions'.
  private let journal: JournalContents
  /// What it has of this one and its last owner.
  private var inJournal: [JournalContents.Batch] = []
  /// The same with what the journal has behind that which was synced in the segments: below it, what
  /// is wrong is rot, and the journal covers nothing up.
  private(set) var files: any FileSystem
  let folder: String
  let partition: PartitionID
  let seeds: PartitionSeeds
  let scanner: any EventScanner

  var segments: [Segment] = []
  var watermark = WatermarkStatement.unknown(reason: "it was not read")
  var floor = DurableFloor()
  /// What was found wrong first: the partition is served read-only up to it.
  var fault: LogFault?
  /// Closed segments whose index was missing or wrong, and is in memory now.
  var rebuiltIndexes: [Segment] = []
  /// Of the last segment, which alone may have a torn tail; nil where there is none.
  var last: (segment: Segment, scan: SegmentScan)?
  /// What lies behind the last segment's last whole batch.
  var behind: (fault: LogFault, tail: TailSearch)?
  /// Files of this partition that are checksummed with the log's seed, or should be and aren't.
  var witnesses = Witnesses()

  init(
    disk: any FileSystem, journal: JournalContents, folder: String, partition: PartitionID,
    seeds: PartitionSeeds, scanner: any EventScanner
  ) {
    self.disk = disk
    self.journal = journal
    files = disk
    self.folder = folder
    self.partition = partition
    self.seeds = seeds
    self.scanner = scanner
  }

  struct Witnesses: Equatable {
    var agree = 0
    var disagree = 0
  }

  /// The first offset that no whole batch before a fault holds.
  var end: Offset { fault?.offset ?? last?.scan.nextOffset ?? PartitionSegments.startOffset }

  /// Where a partition ends that can't be settled: whole batches of its last segment that nobody states
  /// to be durable may be in the page cache alone, and are shown to nobody.
  var durableEnd: Offset { max(last?.segment.base ?? .zero, min(end, floor.offset)) }

  /// Whole batches that nobody states to be durable: an owner makes them so first.
  var isUnsettled: Bool { fault == nil && end > floor.offset }

  /// The chain value, epoch and so on of the last whole batch.
  var facts: SegmentFacts? { last?.scan.source.facts }

  /// The highest epoch that anything here was written under.
  var lastEpoch: Epoch {
    max(facts?.lastEpoch ?? Epoch(0), watermark.slot?.epoch ?? Epoch(0))
  }

  /// `statements` are those of files that are not the log's own. Throws only what passes by itself:
  /// too many open files.
  mutating func run(statements: [DurableStatement], epochMax: Epoch?) throws(DaybookError) {
    do throws(FileError) {
      watermark = try WatermarkStatement.read(
        files, folder: folder, seeds, partition: partition)
    } catch {
      throw error.asDaybookError
    }
    if let slot = watermark.slot {
      witnesses.agree += 1
      floor.state(slot.durableOffset, by: "the watermark")
    } else if (try? files.exists("\(folder)/\(FileNames.watermark)")) == true {
      witnesses.disagree += 1
    }
    for statement in statements where statement.partition == partition {
      floor.state(statement.durable, by: statement.by)
    }
    layOverJournal()
    switch try reading(from: .zero, { () throws(FileError) in try bases() }) {
    case .failure(let found):
      fault = found
      return
    case .success(let bases):
      segments = bases.map {
        Segment(partition: partition, base: $0, folder: folder, seeds: seeds, index: .unknown)
      }
    }
    let previous = try checkClosed()
    if fault == nil { try checkLast(after: previous, epochMax: epochMax) }
    if fault == nil, endsBelowFloor { fault = missingEnd() }
    if fault == nil { fault = unknownInJournal }
    assert(end >= PartitionSegments.startOffset, "no partition ends before it begins")
    assert(fault != nil || !endsBelowFloor, "without a fault nothing is missing")
  }

  private mutating func layOverJournal() {
    floor.state(journal.durable(of: partition), by: "the journal")
    inJournal = ofLastOwner(journal.batches(of: partition))
    files = overlay(upTo: nil)
  }

  /// An owner that opens the log writes what earlier ones' journals have into the segments before it
  /// makes its own watermark and journal. What is of an earlier epoch than either is needed no more,
  /// and may be what one that was overtaken wrote late, for a place that the newer one has filled.
  private func ofLastOwner(_ batches: [JournalContents.Batch]) -> [JournalContents.Batch] {
    let stated = watermark.slot?.epoch ?? Epoch(0)
    let last = batches.reduce(stated) { max($0, $1.header.epoch) }
    let own = batches.filter { $0.header.epoch == last }
    if watermark.slot != nil { return own }
    return own.filter { firstEpoch(ofSegment: $0.segmentBase).map { $0 <= last } ?? true }
  }

  /// Of a segment's first batch, as it lies on the disk; nil where there is none.
  private func firstEpoch(ofSegment base: Offset) -> Epoch? {
    let path = "\(folder)/\(FileNames.segment(base))"
    guard let file = try? disk.open(path, flags: O_RDONLY, mode: 0) else { return nil }
    defer { disk.close(file) }
    guard
      case .header(let first)? = try? disk.header(in: file, at: 0, seeds.seed(ofSegment: base))
    else { return nil }
    return first.epoch
  }

  /// What can't be read of the journal may be this partition's. Nothing may be concluded, then, from
  /// what else is there, nor cut; nor is what nobody states to be durable shown, for nobody makes it so.
  private var unknownInJournal: LogFault? {
    journal.unknown.map { unknown in
      LogFault(
        partition: partition, segment: "", fromByte: 0, toByte: 0, offset: durableEnd,
        reason: "the journal may hold more of it, and can't be read (\(unknown.path): "
          + "\(unknown.reason)): once that can be read again, so is this")
    }
  }

  /// What the journal adds to the segments' files, up to an offset.
  private func overlay(upTo end: Offset?) -> any FileSystem {
    let synced = watermark.slot?.synced.offset ?? .zero
    let needed = inJournal.filter {
      $0.header.nextOffset > synced && $0.header.nextOffset <= end ?? $0.header.nextOffset
    }
    return needed.isEmpty ? disk : JournalOverlay(over: disk, folder: folder, needed)
  }

  private func bases() throws(FileError) -> [Offset] {
    try files.list(folder).compactMap { FileNames.segmentBase($0) }.sorted()
  }

  mutating func witness(_ scan: SegmentScan, of segment: Segment) {
    assert((scan.events > 0) == (scan.nextOffset > segment.base), "offsets count events")
    if scan.events > 0 {
      witnesses.agree += 1
    } else if case .invalid = scan.stop, scan.position == 0 {
      witnesses.disagree += 1
    }
  }

  /// A file that can't be read costs its partition what lies behind it. Being out of file
  /// descriptors says nothing of the file.
  func reading<Value>(
    from offset: Offset, segment: String? = nil, _ body: () throws(FileError) -> Value
  ) throws(DaybookError) -> Result<Value, LogFault> {
    do throws(FileError) { return .success(try body()) } catch {
      if error.isOutOfFiles { throw error.asDaybookError }
      return .failure(
        LogFault(
          partition: partition, segment: segment ?? FileNames.segment(segments.last?.base ?? .zero),
          fromByte: 0, toByte: 0, offset: offset, reason: "\(error)"))
    }
  }

  /// Whether anybody has written to the partition since it was surveyed.
  func isCurrent() -> Bool {
    guard let bases = try? bases(), bases == segments.map(\.base) else { return false }
    guard let last else { return true }
    return (try? last.scan.bytesAtStop(of: last.segment, files)) == last.scan.stopBytes
  }

  func view(_ segments: [Segment], highWatermark: Offset) -> PartitionSegments {
    view(segments, highWatermark: highWatermark, files)
  }

  /// For whoever reads beside an owner: of the journal no more than what somebody states to be durable,
  /// for the owner may yet put something else in the place of the rest.
  func viewBeside(_ segments: [Segment], highWatermark: Offset) -> PartitionSegments {
    view(segments, highWatermark: highWatermark, overlay(upTo: floor.offset))
  }

  private func view(
    _ segments: [Segment], highWatermark: Offset, _ files: any FileSystem
  ) -> PartitionSegments {
    PartitionSegments(
      files: files, folder: folder, partition: partition, seeds: seeds, scanner: scanner,
      writesIndexes: false, segments: segments, highWatermark: highWatermark)
  }

  /// The segments that hold something before the fault.
  var readable: [Segment] { segments.filter { $0.base < end || (fault == nil && $0.base == end) } }
}
