import DaybookModel
import Files
import Glibc
import Logging
import Metrics
import NIOCore
import Ports

/// Where one partition's batches go: its open segment, the next offset, the chain. What it takes is
/// put into the segment's file at once, and is durable once the committer has synced the journal
/// (`wasSynced`); the file itself is synced later (`SegmentSyncing`).
///
/// `@unchecked Sendable`: all of it is used under the committer's lock; but while a segment is being begun,
/// by who does that.
final class PartitionAppender: @unchecked Sendable {
  /// A batch that is in the segment's file, not yet durable.
  struct Staged {
    var append: PartitionAppend
    var header: BatchHeader
    var chain: UInt32
    var position: UInt64
  }

  /// What becomes of a batch that is handed over.
  enum Staging {
    case staged
    /// It needs a new segment, which is begun once what was staged before it is durable.
    case afterRound
    /// It waits for a segment that is being begun, or is now to be.
    case waits(isFirst: Bool)
    case refused(DaybookError)
  }

  /// A segment that is to be begun.
  private struct Roll {
    /// Bytes of the batch that needs it.
    var size: Int
    var isClaimed = false
  }

  typealias Answer = (append: PartitionAppend, result: Result<CommittedBatch, DaybookError>)

  let segments: PartitionSegments
  private let files: any FileSystem
  private let preparer: SegmentPreparer
  private let background: BackgroundWork
  private let options: SegmentLogOptions
  private let threads: any LogThreads
  private let epoch: Epoch
  private let owner: Ownership
  private let logger: Logger
  private let metrics: LogMetrics
  /// Nil until the first batch: what an earlier owner may still have open is never appended to.
  private(set) var active: ActiveSegment?
  private var activeSince: ContinuousClock.Instant
  /// What the segments before it hold.
  private var closedBytes: UInt64
  private var lastBatchBytes: UInt64 = 0
  var watermark: WatermarkFile
  /// Next offset and last chain value, of what is written; `durable` of what is in the journal too.
  private var nextOffset: Offset
  private var chain: UInt32
  private(set) var durable: Offset
  /// What lies before it is synced in the segments, and that is stated durably.
  private(set) var stated: Offset
  private(set) var staged: [Staged] = []
  /// Still behind the last batch; cut before anything is written.
  private var tail: TailCut?
  private var roll: Roll?
  /// Why the segment was not begun that the next batch needs.
  private var rollFailure: FileError?
  private var waiting: [PartitionAppend] = []
  /// Why nothing is taken any more.
  private(set) var refusal: DaybookError?
  /// The generation in which a batch was refused for what passes, and what the batches after it
  /// are told.
  private var refused: (generation: UInt64, error: DaybookError)?

  struct Start {
    var watermark: WatermarkFile
    var nextOffset: Offset
    var chain: UInt32
    /// What the partition's files hold, a hint for the room of the next.
    var heldBytes: UInt64
    /// Behind the last batch, where opening found no room to keep it aside.
    var tail: TailCut?

    /// For an opening that fails elsewhere.
    func close() { watermark.close() }
  }

  init(
    _ start: Start, segments: PartitionSegments, preparer: SegmentPreparer,
    background: BackgroundWork, options: SegmentLogOptions, threads: any LogThreads,
    owner: Ownership, logger: Logger, metrics: LogMetrics
  ) {
    self.files = segments.files
    self.segments = segments
    self.preparer = preparer
    self.background = background
    self.options = options
    self.threads = threads
    self.epoch = owner.epoch
    self.owner = owner
    self.logger = logger
    self.metrics = metrics
    activeSince = threads.now
    closedBytes = start.heldBytes
    watermark = start.watermark
    nextOffset = start.nextOffset
    chain = start.chain
    durable = start.nextOffset
    stated = start.nextOffset
    tail = start.tail
  }

  func close() {
    watermark.close()
    if let active { files.close(active.file) }
  }

  // MARK: Taking batches

  /// Puts a batch into the segment's file, in the page cache.
  ///
  /// Where it needs a new segment it waits, and whoever handed it over sees to it that `beginSegment`
  /// is called: that takes its time, and others need not wait for it.
  func stage(_ append: PartitionAppend) -> Staging {
    if roll != nil {
      waiting.append(append)
      return .waits(isFirst: false)
    }
    if let refusal { return .refused(refusal) }
    if let refused, append.batch.generation == refused.generation { return .refused(refused.error) }
    do throws(FileError) {
      return try place(append)
    } catch {
      if error.isTemporary, refusal == nil {
        return .refused(refuseForNow(append.batch.generation, error.asDaybookError))
      }
      refuse(error)
      return .refused(refusal!)
    }
  }

  /// The same, of one that was not staged.
  func refuseForNow(_ append: PartitionAppend, _ error: FileError) -> Answer {
    if let refusal { return (append, .failure(refusal)) }
    if let refused, append.batch.generation == refused.generation {
      return (append, .failure(refused.error))
    }
    return (append, .failure(refuseForNow(append.batch.generation, error.asDaybookError)))
  }

  /// Nothing of this batch is in the log, and the next generation may be taken.
  private func refuseForNow(_ generation: UInt64?, _ error: DaybookError) -> DaybookError {
    if let generation {
      let follows = DaybookError(
        error.code, "a batch before this one was refused: \(error.message)")
      refused = (generation, follows)
    }
    return error
  }

  private func place(_ append: PartitionAppend) throws(FileError) -> Staging {
    let size = append.batch.bytes.readableBytes
    if let active, hasRoom(for: size) {
      try write(append, into: active)
      return .staged
    }
    guard staged.isEmpty else { return .afterRound }
    if let failure = rollFailure {
      rollFailure = nil
      throw failure
    }
    roll = Roll(size: size)
    waiting.append(append)
    return .waits(isFirst: true)
  }

  private func hasRoom(for size: Int) -> Bool {
    active.map { $0.position == 0 || $0.position + UInt64(size) <= $0.capacity } ?? false
  }

  private func write(
    _ append: PartitionAppend, into segment: ActiveSegment
  ) throws(FileError) {
    var active = segment
    let size = append.batch.bytes.readableBytes
    let header = stamp(append.batch)
    let position = active.position
    assert(header.baseOffset == nextOffset && header.nextOffset > nextOffset, "offsets rise")
    assert(durable <= nextOffset, "what is durable was written")
    assert(
      position == 0 || position + UInt64(size) <= active.capacity,
      "a batch has room, or a file of its own")
    do throws(FileError) {
      try append.batch.bytes.withBytes { (bytes) throws(FileError) in
        try files.write(active.file, bytes, at: position)
      }
    } catch {
      if error.isTemporary { try erase(active, from: position, bytes: size) }
      throw error
    }
    active.position += UInt64(size)
    self.active = active
    lastBatchBytes = UInt64(size)
    nextOffset = header.nextOffset
    chain = header.chain(segments.seeds.current)
    staged.append(Staged(append: append, header: header, chain: chain, position: position))
    prepareNext()
  }

  private func erase(
    _ active: ActiveSegment, from position: UInt64, bytes: Int
  ) throws(FileError) {
    do throws(FileError) { try active.erase(from: position, bytes: bytes, files) } catch {
      throw FileError(number: EIO, operation: "undo of a partly written batch: \(error)")
    }
  }

  /// The journal did not take what is staged, for a reason that passes: nothing of it stays.
  func unstage(_ error: FileError) -> [Answer] {
    let group = staged
    guard let first = group.first, var active else { return [] }
    staged.removeAll(keepingCapacity: true)
    do throws(FileError) {
      try erase(active, from: first.position, bytes: Int(active.position - first.position))
    } catch {
      refuse(error)
      return group.map { ($0.append, .failure(refusal!)) }
    }
    active.position = first.position
    self.active = active
    nextOffset = first.header.baseOffset
    chain = first.header.previousChain
    assert(nextOffset == durable, "what was staged followed what is durable")
    return group.map {
      ($0.append, .failure(refuseForNow($0.append.batch.generation, error.asDaybookError)))
    }
  }

  /// Whether what is staged is durable is not known, or nobody may be told of it.
  func abandon(_ error: DaybookError) -> [Answer] {
    let group = staged
    staged.removeAll()
    return group.map { ($0.append, .failure(error)) }
  }

  #if DAYBOOK_MUTANTS
    /// The segment that is there, to go on in it.
    private func lastOfEarlierOwner() throws(FileError) -> ActiveSegment? {
      guard active == nil, let last = segments.all.last, last.base < nextOffset,
        case .scanned(let index) = last.currentIndex
      else { return nil }
      let file = try files.open(last.path, flags: O_RDWR, mode: 0)
      return ActiveSegment(
        segment: last, index: index, file: file, capacity: try files.size(file),
        position: index.facts.bytesUsed)
    }
  #endif

  /// Nothing may be written behind a torn tail, nor its segment be closed with it.
  private func cutTail() throws(FileError) {
    guard let cut = tail else { return }
    try cut.run(files)
    tail = nil
  }

  /// Writes the header into the room that the batch's bytes leave for it.
  private func stamp(_ batch: AppendBatch) -> BatchHeader {
    batch.bytes.withUnsafeReadableBytes { bytes in
      let body = UnsafeRawBufferPointer(rebasing: bytes[BatchHeader.byteCount...])
      let checksum = segments.seeds.current.checksum(body)
      let header = BatchHeader(
        partition: segments.partition, epoch: epoch, baseOffset: nextOffset,
        count: batch.slots.count, storedBytes: body.count, rawBytes: body.count,
        firstRecordedAt: batch.firstRecordedAt, lastRecordedAt: batch.lastRecordedAt,
        durableOffset: durable, previousChain: chain, storedChecksum: checksum,
        rawChecksum: checksum)
      // The port gives the log this room. Going through ByteBuffer's own mutation would copy the
      // whole batch whenever its maker still holds a reference.
      let room = UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(mutating: bytes.baseAddress!), count: BatchHeader.byteCount)
      header.encode(into: room, segments.seeds.current)
      return header
    }
  }

  // MARK: Durable

  /// What is staged is in the journal for good, and nobody has overtaken this owner: takes it into the
  /// index, states it, and lets readers see it.
  func wasSynced() -> [Answer] {
    let group = staged
    guard let active, let first = group.first else { return [] }
    staged.removeAll(keepingCapacity: true)
    assert(first.header.baseOffset == durable, "what is synced follows what was durable")
    assert(
      zip(group, group.dropFirst()).allSatisfy { $0.header.nextOffset == $1.header.baseOffset },
      "batches follow each other")
    assert(group[group.count - 1].header.nextOffset == nextOffset, "all that was written")
    durable = nextOffset
    for batch in group {
      active.index.add(
        batch.header, chain: batch.chain, position: batch.position, slots: batch.append.batch.slots)
    }
    do throws(FileError) { try stateDurable(active) } catch {
      refuse(error)
      return group.map { ($0.append, .failure(refusal!)) }
    }
    metrics.appendedEvents.increment(by: group.reduce(0) { $0 + $1.header.count })
    metrics.appendedBytes.increment(by: active.position - first.position)
    segments.advance(to: durable)
    assert(segments.highWatermark == durable, "nobody else moves an owner's high watermark")
    return group.map { batch in
      let bytes = batch.append.batch.bytes
      let body = bytes.getSlice(
        at: bytes.readerIndex + BatchHeader.byteCount, length: batch.header.storedBytes)!
      let committed = batch.header.committed(body, slots: batch.append.batch.slots)
      segments.recent?.add(committed)
      return (batch.append, .success(committed))
    }
  }

  /// How far the last staged batch goes.
  var stagedEnd: Offset { nextOffset }

  /// Where the disk is too full for the statement it stays behind, and the next one catches up: the
  /// batches are durable all the same.
  private func stateDurable(_ active: ActiveSegment) throws(FileError) {
    do throws(FileError) { try watermark.state(durable: point(in: active)) } catch {
      guard error.isFull else { throw error }
    }
  }

  /// The end of what is durable.
  private func point(in active: ActiveSegment) -> SegmentPoint {
    assert(active.base < durable && active.position > 0, "a segment with a durable batch")
    return SegmentPoint(offset: durable, segmentBase: active.base, position: active.position)
  }

  /// For good, until the log is opened again. Any failure of a write or a sync is: what a failed
  /// fdatasync has dropped is not known, and a second one may succeed without it.
  func refuse(_ error: FileError) {
    // Who was overtaken may find files gone that it had made ready: that is no fault of the disk.
    if refusal == nil { refusal = owner.overtaken() }
    guard refusal == nil else { return }
    refusal = DaybookError(
      .storageFailed,
      "partition \(segments.partition) can't be written: check the disk, then start again",
      cause: error)
  }

  // MARK: The segment's own sync

  /// The segment's file as it is to be synced, and what is durable in it then; nil where that is
  /// stated already, or nothing may be done any more.
  func unsyncedSegment() -> (file: File, point: SegmentPoint)? {
    guard refusal == nil, let active, active.base < durable, stated < durable else { return nil }
    return (active.file, point(in: active))
  }

  /// The segment's file was synced up to there; this states it, and the statement is to be synced.
  func segmentWasSynced(upTo point: SegmentPoint) throws(FileError) {
    guard point.offset > watermark.slot.synced.offset else { return }
    // One that found no room says less than is durable.
    if watermark.slot.durableOffset < durable, let active {
      try watermark.state(durable: self.point(in: active))
    }
    try watermark.state(synced: point)
  }

  /// So is the statement, of which `watermark` is a copy.
  func statementWasSynced(_ copy: WatermarkFile) {
    watermark.wasSynced(with: copy)
    stated = max(stated, copy.slot.synced.offset)
    assert(stated <= durable, "what is stated of the segments is durable")
  }

  // MARK: Rolling

  /// A segment is to be begun, and nobody does it yet.
  var hasUnclaimedRoll: Bool { roll?.isClaimed == false }

  /// Whoever is given true is the one who begins the segment.
  func claimRoll() -> Bool {
    guard hasUnclaimedRoll else { return false }
    roll?.isClaimed = true
    return true
  }

  /// For who has claimed it. Of a partition that takes nothing more none is: the one before would be
  /// closed, and whoever opens the log takes a closed segment for synced.
  func beginSegment() {
    guard let roll else { preconditionFailure("a segment is begun that nobody needs") }
    guard refusal == nil else { return }
    do throws(FileError) { try begin(for: roll.size) } catch { rollFailure = error }
  }

  /// The segment is there, or can't be begun: what waited for it is to be handed over again, before
  /// anything else is.
  func endRoll() { roll = nil }

  func takeWaiting() -> [PartitionAppend] {
    guard roll == nil, !waiting.isEmpty else { return [] }
    defer { waiting = [] }
    return waiting
  }

  /// Closes the segment, all of which is synced first, and begins the next. Where a file can't be opened
  /// or has no room, nothing has changed, and the next batch may try again.
  private func begin(for size: Int) throws(FileError) {
    assert(staged.isEmpty && durable == nextOffset, "all of a segment that is closed is durable")
    try cutTail()
    #if DAYBOOK_MUTANTS
      if Mutant.leavesOut(.newFile), let last = try lastOfEarlierOwner() {
        active = last
        return
      }
    #endif
    try owner.check()
    do throws(FileError) { try syncSegment() } catch {
      // Final even where it says that the disk is full.
      throw FileError(number: EIO, operation: "sync before a roll: \(error)")
    }
    // Opened first: once the file has its name, that must become durable or be final.
    let folder = try files.open(folder: segments.folder)
    defer { files.close(folder) }
    let bytes = UInt64(size)
    let least = max(bytes, UInt64(options.firstSegmentBytes))
    let prepared = try preparer.take(
      for: bytes, atLeast: least, preferred: max(nextCapacity, least))
    let index = OpenIndex(
      IndexSource(
        partition: segments.partition, baseOffset: nextOffset, chainBefore: chain, epoch: epoch))
    let segment = Segment(
      partition: segments.partition, base: nextOffset, folder: segments.folder,
      seeds: segments.seeds, index: .fed(index))
    let naming = SegmentNaming(
      segments: segments, epoch: epoch, next: nextOffset, logger: logger,
      checkEpoch: owner.check)
    try naming.name(prepared, segment, in: folder)
    logger.debug("partition \(segments.partition) begins a segment at offset \(nextOffset)")
    segments.add(segment)
    metrics.segments.set(segments.all.count)
    seal(active)
    closedBytes += active?.position ?? 0
    activeSince = threads.now
    active = ActiveSegment(
      segment: segment, index: index, file: prepared.file, capacity: prepared.capacity,
      position: 0)
  }

  /// A closed segment needs no journal.
  private func syncSegment() throws(FileError) {
    if let (file, point) = unsyncedSegment() {
      if !Mutant.leavesOut(.segmentSync) { try files.syncData(file) }
      do throws(FileError) { try segmentWasSynced(upTo: point) } catch {
        // A later statement says it.
        guard error.isFull else { throw error }
      }
    }
    try watermark.sync()
    stated = max(stated, watermark.slot.synced.offset)
  }

  /// Nil for the segment of an earlier owner.
  private func seal(_ closed: ActiveSegment?) {
    let (segments, files, logger) = (segments, files, logger)
    background.enqueue {
      // Room that no batch took is given back. Neither this nor the index is needed for safety.
      if let closed {
        try? files.truncate(closed.file, to: closed.position)
        files.close(closed.file)
      } else {
        segments.giveBackRoom()
      }
      IndexSealing.sealClosed(segments, logger)
    }
  }

  /// Room of the segment after the present one. A roll is some ten syncs: where one segment is filled
  /// after the other, the next of a large log takes a larger part of what there is, and several batches.
  private var nextCapacity: UInt64 {
    let held = closedBytes + (active?.position ?? 0)
    let isFast = active.map { $0.isFillingFast(threads.now - activeSince) } ?? false
    return options.roomOfNext(held: held, isFillingFast: isFast, lastBatchBytes: lastBatchBytes)
  }

  private func prepareNext() {
    guard let full = active, !full.askedForNext, full.position * 2 >= full.capacity else { return }
    active?.askedForNext = true
    preparer.prepare(
      capacity: nextCapacity, zeroFilled: full.isFillingSlowly(threads.now - activeSince))
  }
}
