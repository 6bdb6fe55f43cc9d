import DaybookModel
import Files
import Glibc
import Logging
import Metrics
import NIOCore
import Ports

/// Appends to one partition, on a thread of its own: everything that queued during the last
/// sync is written and synced at once.
///
/// `@unchecked Sendable`: what is shared is under the monitor's lock, all else is the thread's.
final class PartitionWriter: LogWorker, @unchecked Sendable {
  struct Pending {
    var batch: AppendBatch
    var completion: @Sendable (Result<CommittedBatch, DaybookError>) -> Void
  }

  /// A batch that is written, not yet synced.
  private struct Written {
    var pending: Pending
    var header: BatchHeader
    var chain: UInt32
    var position: UInt64
  }

  private let monitor = Monitor()
  // These under the monitor's lock.
  private var queue: [Pending] = []
  private var isClosing = false
  private var isClosed = false

  // The rest belongs to the writer's thread, once it is started.
  private let threads: any LogThreads
  private let files: any FileSystem
  private let segments: PartitionSegments
  private let preparer: SegmentPreparer
  private let background: BackgroundWork
  private let options: SegmentLogOptions
  private let epoch: Epoch
  private let epochGuard: EpochGuard
  private let fenced: @Sendable (DaybookError) -> Void
  private let logger: Logger
  private let metrics: LogMetrics
  /// Nil until the first batch: what an earlier owner may still have open is never appended to.
  private var active: ActiveSegment?
  private var activeSince: ContinuousClock.Instant
  /// What the segments before it hold.
  private var closedBytes: UInt64
  private var watermark: WatermarkFile
  /// Next offset and last chain value, of what is written; `durable` of what is synced.
  private var nextOffset: Offset
  private var chain: UInt32
  private var durable: Offset
  private var written: [Written] = []
  /// Still behind the last batch; cut before anything is written.
  private var tail: TailCut?
  /// Why nothing is taken any more.
  private var refusal: DaybookError?
  /// The generation in which a batch was refused for what passes, and what the batches after it
  /// are told.
  private var refused: (generation: UInt64, error: DaybookError)?
  private var run: (any WorkerRun)?

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
    background: BackgroundWork, options: SegmentLogOptions, epoch: Epoch,
    threads: any LogThreads, epochGuard: EpochGuard,
    fenced: @escaping @Sendable (DaybookError) -> Void, logger: Logger,
    metrics: LogMetrics
  ) {
    self.threads = threads
    self.files = segments.files
    self.segments = segments
    self.preparer = preparer
    self.background = background
    self.options = options
    self.epoch = epoch
    self.epochGuard = epochGuard
    self.fenced = fenced
    self.logger = logger
    self.metrics = metrics
    activeSince = threads.now
    closedBytes = start.heldBytes
    watermark = start.watermark
    nextOffset = start.nextOffset
    chain = start.chain
    durable = start.nextOffset
    tail = start.tail
    run = threads.start(self, name: "log-\(segments.partition)")
  }

  func append(_ pending: Pending) {
    let size = pending.batch.bytes.readableBytes
    precondition(size <= BatchHeader.byteCount + Limits.batchBytesMax, "the batch is too large")
    precondition(size > BatchHeader.byteCount && !pending.batch.slots.isEmpty, "an empty batch")
    monitor.lock()
    let refused = isClosed
    let wasIdle = queue.isEmpty
    if !refused { queue.append(pending) }
    monitor.unlock()
    if refused {
      pending.completion(
        .failure(DaybookError(.serverStopping, "the log is closed: try again once it is open")))
    } else if wasIdle {
      monitor.signal()
    }
  }

  /// Writes what is queued, syncs, and ends the thread.
  func close() {
    monitor.lock()
    isClosing = true
    monitor.unlock()
    monitor.signal()
    run?.join()
    run = nil
  }

  private enum Work {
    case batches([Pending])
    case watermark
    case nothing
    case close
  }

  func step(waits: Bool) -> LogStep {
    switch nextWork(waits: waits) {
    case .batches(let group): write(group)
    case .watermark: syncWatermark()
    case .nothing: return .idle
    case .close:
      syncWatermark()
      watermark.close()
      if let active { files.close(active.file) }
      return .ended
    }
    return .worked
  }

  private func nextWork(waits: Bool) -> Work {
    monitor.lock()
    defer { monitor.unlock() }
    while queue.isEmpty {
      if isClosing {
        isClosed = true
        return .close
      }
      let isIdling = watermark.isDirty && refusal == nil
      if !waits { return isIdling ? .watermark : .nothing }
      if !isIdling {
        monitor.wait()
      } else if !monitor.wait(milliseconds: options.watermarkIdleMilliseconds), queue.isEmpty {
        return .watermark
      }
    }
    let group = queue
    queue = []
    queue.reserveCapacity(group.count)
    return .batches(group)
  }

  private func write(_ group: [Pending]) {
    for (index, pending) in group.enumerated() {
      if let refusal {
        pending.completion(.failure(refusal))
        continue
      }
      if let refused, pending.batch.generation == refused.generation {
        pending.completion(.failure(refused.error))
        continue
      }
      do throws(FileError) {
        try write(pending)
      } catch {
        flush()
        if error.isTemporary && refusal == nil {
          refuse(group[index...], error.asDaybookError)
          return
        }
        refuse(error)
        pending.completion(.failure(refusal!))
      }
    }
    flush()
  }

  /// For now: nothing of these batches is in the log, and the next generation may be taken.
  private func refuse(_ group: ArraySlice<Pending>, _ error: DaybookError) {
    if let generation = group.first?.batch.generation {
      let follows = DaybookError(
        error.code, "a batch before this one was refused: \(error.message)")
      refused = (generation, follows)
    }
    for pending in group { pending.completion(.failure(error)) }
  }

  /// Puts a batch into the page cache.
  private func write(_ pending: Pending) throws(FileError) {
    try cutTail()
    let size = pending.batch.bytes.readableBytes
    var active = try segment(for: size)
    let header = stamp(pending.batch)
    let position = active.position
    assert(header.baseOffset == nextOffset && header.nextOffset > nextOffset, "offsets rise")
    assert(durable <= nextOffset, "what is durable was written")
    assert(
      position == 0 || position + UInt64(size) <= active.capacity,
      "a batch has room, or a file of its own")
    do throws(FileError) {
      try pending.batch.bytes.withBytes { (bytes) throws(FileError) in
        try files.write(active.file, bytes, at: position)
      }
    } catch {
      if error.isTemporary {
        do throws(FileError) { try active.erase(from: position, bytes: size, files) } catch {
          throw FileError(number: EIO, operation: "undo of a partly written batch: \(error)")
        }
      }
      throw error
    }
    active.position += UInt64(size)
    self.active = active
    nextOffset = header.nextOffset
    chain = header.chain(segments.seeds.current)
    written.append(
      Written(pending: pending, header: header, chain: chain, position: position))
    prepareNext()
  }

  /// The segment that a batch goes into: the next one, where it has no room in the present one.
  private func segment(for size: Int) throws(FileError) -> ActiveSegment {
    if let active, active.position == 0 || active.position + UInt64(size) <= active.capacity {
      return active
    }
    flush()
    if refusal != nil { throw FileError(number: EIO, operation: "sync before a roll") }
    #if DAYBOOK_MUTANTS
      if Mutant.leavesOut(.newFile), let last = try lastOfEarlierOwner() { return last }
    #endif
    return try roll(for: size)
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

  /// Makes what is written durable, then tells of it. Any failure is final: what a failed
  /// fdatasync has dropped is not known, and a second one may succeed without it.
  private func flush() {
    guard let active, !written.isEmpty else { return }
    let group = written
    written.removeAll(keepingCapacity: true)
    do throws(FileError) {
      if let refusal { throw FileError(number: EIO, operation: refusal.message) }
      try sync(active.file)
      if !Mutant.leavesOut(.fence) { try checkEpoch() }
      assert(group[0].header.baseOffset == durable, "what is synced follows what was durable")
      assert(
        zip(group, group.dropFirst()).allSatisfy { $0.header.nextOffset == $1.header.baseOffset },
        "batches follow each other")
      assert(group[group.count - 1].header.nextOffset == nextOffset, "all that was written")
      durable = nextOffset
      for batch in group {
        active.index.add(
          batch.header, chain: batch.chain, position: batch.position,
          slots: batch.pending.batch.slots)
      }
      try stateDurable(active)
    } catch {
      refuse(error)
      for batch in group { batch.pending.completion(.failure(refusal!)) }
      return
    }
    metrics.appendedEvents.increment(by: group.reduce(0) { $0 + $1.header.count })
    metrics.appendedBytes.increment(by: active.position - group[0].position)
    segments.advance(to: durable)
    assert(segments.highWatermark == durable, "nobody else moves an owner's high watermark")
    for batch in group {
      let bytes = batch.pending.batch.bytes
      let body = bytes.getSlice(
        at: bytes.readerIndex + BatchHeader.byteCount, length: batch.header.storedBytes)!
      batch.pending.completion(
        .success(batch.header.committed(body, slots: batch.pending.batch.slots)))
    }
  }

  private func sync(_ file: File) throws(FileError) {
    if Mutant.leavesOut(.dataSync) { return }
    let start = threads.now
    defer { metrics.syncDuration.record(duration: threads.now - start) }
    do throws(FileError) { try files.syncData(file) } catch {
      guard Mutant.leavesOut(.finality) else { throw error }
      try files.syncData(file)
    }
  }

  /// Where the disk is too full for the statement it stays behind, and the next one catches up: the
  /// batches are durable all the same.
  private func stateDurable(_ active: ActiveSegment) throws(FileError) {
    assert(active.base < durable && active.position > 0, "a segment with a durable batch")
    do throws(FileError) {
      try watermark.state(
        durable: durable, segmentBase: active.base, position: active.position)
    } catch {
      guard error.isFull else { throw error }
    }
  }

  private func refuse(_ error: FileError) {
    // Who was overtaken may find files gone that it had made ready: that is no fault of the disk.
    if refusal == nil { try? checkEpoch() }
    guard refusal == nil else { return }
    refusal = DaybookError(
      .storageFailed,
      "partition \(segments.partition) can't be written: check the disk, then start again",
      cause: error)
  }

  private func syncWatermark() {
    guard refusal == nil else { return }
    do throws(FileError) { try watermark.sync() } catch { return refuse(error) }
    if watermark.isInPlace { return }
    // Somebody has removed it, or it is that of an owner which was overtaken while it opened.
    do throws(FileError) {
      try checkEpoch()
      try watermark.makeAnew()
      logger.warning(
        """
        partition \(segments.partition): its watermark file was removed or replaced, and is made \
        anew: nothing but Daybook should touch \(segments.folder)
        """)
    } catch {
      if !error.isTemporary { refuse(error) }
    }
  }

  /// Another owner that has opened the log since has the right to it.
  private func checkEpoch() throws(FileError) {
    do throws(FileError) { try epochGuard.check() } catch {
      if error.isFenced, refusal == nil {
        let refusal = error.asDaybookError
        self.refusal = refusal
        fenced(refusal)
      }
      throw error
    }
  }

  // MARK: Rolling

  /// Closes the segment, all of which is durable, and begins the next. Where a file can't be opened
  /// or has no room, nothing has changed, and the next batch may try again.
  private func roll(for size: Int) throws(FileError) -> ActiveSegment {
    try checkEpoch()
    do throws(FileError) { try watermark.sync() } catch {
      // Final even where it says that the disk is full.
      throw FileError(number: EIO, operation: "sync of the watermark: \(error)")
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
      segments: segments, epoch: epoch, next: nextOffset, logger: logger, checkEpoch: checkEpoch)
    try naming.name(prepared, segment, in: folder)
    logger.debug("partition \(segments.partition) begins a segment at offset \(nextOffset)")
    segments.add(segment)
    metrics.segments.set(segments.all.count)
    seal(active)
    closedBytes += active?.position ?? 0
    activeSince = threads.now
    let next = ActiveSegment(
      segment: segment, index: index, file: prepared.file, capacity: prepared.capacity,
      position: 0)
    active = next
    return next
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

  /// Room of the segment after the present one.
  private var nextCapacity: UInt64 {
    let held = closedBytes + (active?.position ?? 0)
    let part = max(held / SegmentLogOptions.roomDivisor, UInt64(options.firstSegmentBytes))
    return min(UInt64(options.segmentBytes), part)
  }

  private func prepareNext() {
    guard let full = active, !full.askedForNext, full.position * 2 >= full.capacity else { return }
    active?.askedForNext = true
    preparer.prepare(
      capacity: nextCapacity, zeroFilled: full.isFillingSlowly(threads.now - activeSince))
  }
}

extension ByteBuffer {
  fileprivate func withBytes(
    _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
  ) throws(FileError) {
    let result = withUnsafeReadableBytes { raw -> Result<Void, FileError> in
      do throws(FileError) { return .success(try body(raw)) } catch { return .failure(error) }
    }
    try result.get()
  }
}
