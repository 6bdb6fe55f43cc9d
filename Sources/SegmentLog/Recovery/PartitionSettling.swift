import DaybookModel
import Files
import Glibc
import Ports

/// What an owner does with a partition once its survey is known and its epoch is written: cuts a
/// tail that is provably torn, makes durable what is whole and not stated to be, and states it.
/// `schemas/log-format.md`, "Recovery".
struct PartitionSettling {
  struct Outcome {
    var segments: PartitionSegments
    /// Nil for a partition that is served read-only.
    var start: PartitionAppender.Start?
    var findings: [RecoveryFinding]
  }

  let survey: PartitionSurvey
  let epoch: Epoch
  let branch: LogID
  let options: SegmentLogOptions
  let epochGuard: EpochGuard
  /// Of the log once it is open: another than the survey's where opening raises it.
  let seeds: PartitionSeeds
  private let recent: RecentBatches
  private var findings: [RecoveryFinding] = []

  private var files: any FileSystem { survey.files }
  private var folder: String { survey.folder }
  private var partition: PartitionID { survey.partition }

  init(
    _ survey: PartitionSurvey, epoch: Epoch, branch: LogID, seeds: PartitionSeeds,
    options: SegmentLogOptions, epochGuard: EpochGuard, recent: RecentBatches
  ) {
    self.survey = survey
    self.epoch = epoch
    self.branch = branch
    self.seeds = seeds
    self.options = options
    self.epochGuard = epochGuard
    self.recent = recent
  }

  /// Throws what passes or is the whole log's matter: a full disk, too many open files, an owner that
  /// has opened the log since. What else goes wrong costs this partition.
  mutating func run() throws(DaybookError) -> Outcome {
    if let fault = survey.fault { return readOnly(fault, .corrupt(fault)) }
    if options.readOnlyPartitions.contains(partition) {
      let fault = LogFault(
        partition: partition, segment: "", fromByte: 0, toByte: 0, offset: survey.end,
        reason: "it was asked for")
      return readOnly(fault, .keptReadOnly(partition, at: survey.end))
    }
    assert(!survey.endsBelowFloor, "what was durable is there, or its lack is a fault")
    do throws(FileError) {
      try epochGuard.check()
      try tidy()
      sealRebuilt()
      let left = try cutTornTail()
      try makeDurable()
      // The last owner may have ended between a file's rename and the sync of its name.
      try files.sync(folder: folder)
      let start = PartitionAppender.Start(
        watermark: try statement(), nextOffset: survey.end, chain: survey.facts?.chainAfter ?? 0,
        heldBytes: heldBytes, tail: left)
      adopt()
      return Outcome(
        segments: view(survey.segments, survey.disk, writesIndexes: true, recent: recent),
        start: start, findings: findings)
    } catch {
      if error.isTemporary || error.isFenced { throw error.asDaybookError }
      let fault = LogFault(
        partition: partition, segment: "", fromByte: 0, toByte: 0, offset: survey.end,
        reason: "\(error)")
      return readOnly(fault, .corrupt(fault))
    }
  }

  private func readOnly(_ fault: LogFault, _ finding: RecoveryFinding) -> Outcome {
    // What the journal alone has stays there.
    let segments = view(survey.readable, files, writesIndexes: false)
    adopt()
    assert(segments.all.allSatisfy { $0.base <= survey.end }, "nothing behind the fault is served")
    segments.damage(fault)
    return Outcome(segments: segments, start: nil, findings: findings + [finding])
  }

  private func view(
    _ segments: [Segment], _ files: any FileSystem, writesIndexes: Bool,
    recent: RecentBatches? = nil
  ) -> PartitionSegments {
    PartitionSegments(
      files: files, folder: folder, partition: partition, seeds: seeds, scanner: survey.scanner,
      writesIndexes: writesIndexes, segments: segments, highWatermark: survey.end,
      recent: recent)
  }

  /// What was read of the last segment need not be read again.
  private func adopt() {
    if let (segment, scan) = survey.last { segment.adopt(scan) }
  }

  private var heldBytes: UInt64 {
    survey.segments.reduce(0) { $0 + ((try? files.identity($1.path).bytes) ?? 0) }
  }

  /// Removes what was being made when the last owner stopped.
  private func tidy() throws(FileError) {
    for name in try files.list(folder) where name.hasSuffix(TemporaryName.suffix) {
      try files.remove("\(folder)/\(name)")
    }
  }

  /// An index is no part of what must be there: whatever keeps it from being written, the log opens
  /// without it.
  private mutating func sealRebuilt() {
    let segments = view(survey.segments, files, writesIndexes: true)
    for segment in survey.rebuiltIndexes {
      let name = FileNames.segment(segment.base)
      guard case .scanned(let index) = segment.currentIndex else { continue }
      do throws(FileError) {
        try IndexSealing.seal(segment, index.source, segments)
        findings.append(.rebuiltIndex(partition, segment: name))
      } catch {
        findings.append(.unsealedIndex(partition, segment: name))
      }
    }
  }

  /// The bytes are kept aside first; a tail for which there is no room is left as it is, and
  /// returned: the log opens on a full disk, too.
  private mutating func cutTornTail() throws(FileError) -> TailCut? {
    guard let (segment, scan) = survey.last, let behind = survey.behind,
      behind.tail.usedEnd > scan.position
    else { return nil }
    assert(
      behind.tail.durableStated <= survey.end || Mutant.leavesOut(.floor),
      "nobody has stated that anything of what is cut was durable")
    var found = behind.fault
    found.toByte = behind.tail.usedEnd
    let name =
      "\(FileNames.segment(segment.base)).\(scan.position).epoch-\(epoch)\(FileNames.cutSuffix)"
    let cut = TailCut(
      folder: folder, segment: segment.path, range: scan.position..<behind.tail.usedEnd,
      keptIn: name)
    do throws(FileError) {
      try cut.run(files)
    } catch {
      guard error.isFull else { throw error }
      findings.append(.leftTail(found, keptIn: name))
      return cut
    }
    findings.append(.cutTail(found, keptIn: name))
    return nil
  }

  /// What is not stated to be synced in the segment may be in the journal only, and whole batches past
  /// the stated durable offset in the page cache only, of which a failed sync leaves no trace: all of
  /// it is written and synced before anybody is told. Segments before the last are synced: each was
  /// before the next began.
  private mutating func makeDurable() throws(FileError) {
    let stated = survey.watermark.slot
    if case .unknown(let reason) = survey.watermark {
      findings.append(.unknownWatermark(partition, reason: reason, durable: survey.end))
    } else if survey.end > stated?.durableOffset ?? .zero {
      findings.append(
        .madeDurable(partition, from: stated?.durableOffset ?? .zero, to: survey.end))
    }
    guard let (segment, scan) = survey.last, survey.end > stated?.synced.offset ?? .zero else {
      return
    }
    let isHere = stated.map {
      $0.synced.segmentBase == segment.base && $0.synced.position <= scan.position
    }
    let from = isHere == true ? stated!.synced.position : 0
    assert(from <= scan.position, "what is written again ends with the last whole batch")
    if from < scan.position, !Mutant.leavesOut(.tailRewrite) {
      let file = try files.open(segment.path, flags: O_RDWR, mode: 0)
      defer { files.close(file) }
      try files.duplicate(file, from: from, to: scan.position) {
        (bytes, position) throws(FileError) in try files.write(file, bytes, at: position)
      }
      try files.syncData(file)
    }
  }

  /// A file of its own for each owner: what an earlier one still writes goes into another.
  /// Should one of them still put it there after a newer one, that one puts its own back.
  private func statement() throws(FileError) -> WatermarkFile {
    try epochGuard.check()
    let slot = WatermarkSlot(
      counter: survey.watermark.slot?.counter ?? 0, partition: partition, epoch: epoch,
      durableOffset: survey.end, segmentBase: survey.last?.segment.base ?? .zero,
      position: survey.last?.scan.position ?? 0, branch: branch.prefix)
    assert(slot.segmentBase <= slot.durableOffset, "a segment begins where something was durable")
    assert(
      (slot.position == 0) == (slot.segmentBase == slot.durableOffset),
      "bytes of the last segment are batches, and batches have events")
    return try WatermarkFile.make(
      files, folder: folder, survey.seeds.current, slot, by: epochGuard.owner)
  }
}
