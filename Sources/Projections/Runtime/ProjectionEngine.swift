import DaybookModel
import DaybookSchema
import Logging
import Ports

/// Takes what is committed, decodes each event once, hands it to all projectors, commits. Projections
/// at the head are fed from memory, and others from the log, one partition after the other: the rows of
/// a partition's streams are those that its events concern.
///
/// Belongs to one thread.
final class ProjectionEngine {
  let log: any SearchableLog
  private let slots: [ProjectionSlot]
  private let settings: ProjectionSettings
  private let feed: BatchFeed?
  private let ahead: ReadAhead
  /// What the feed was not told of is not looked for in the log.
  var trustsFeed = false
  /// Called before a projection's file goes, to be made anew.
  var whenMending: (ProjectionName) -> Void = { _ in }
  /// A batch's events, which the next ones take the place of.
  private static let eventsKept = 8_192
  private var events: ContiguousArray<Event> = []
  private let names = NameCache()
  /// Events folded since the last commit.
  private(set) var uncommitted = 0
  /// Partitions that can't be folded on, and why: the others go on.
  private(set) var stuck: [PartitionID: DaybookError] = [:]
  /// Of projections that are there, and of those that catch up.
  private var turn = Turn()
  private var lateTurn = Turn()

  /// Which partition is folded: up to where it went when its turn came, and then the next.
  private struct Turn {
    var index = 0
    var upTo: Offset?
  }

  /// A projection that can't be opened is missing from `projections`, and in `broken`.
  init(
    _ names: [ProjectionName], log: any SearchableLog, settings: ProjectionSettings,
    feed: BatchFeed? = nil, path: (ProjectionName) -> String, logger: Logger
  ) {
    self.log = log
    self.settings = settings
    self.feed = feed
    ahead = ReadAhead(log, chunkBytes: settings.chunkBytes)
    slots = names.map { ProjectionSlot($0, path: path($0), log: log, logger: logger) }
  }

  // The log may be closed once nobody has the engine.
  deinit { ahead.settle() }

  var projections: [Projection] { slots.compactMap(\.projection) }

  /// Projections that can't be had, and why.
  var broken: [ProjectionName: DaybookError] {
    Dictionary(
      uniqueKeysWithValues: slots.compactMap { slot in slot.fault.map { (slot.name, $0) } })
  }

  /// Of each projection, for each partition the first offset that it has not committed.
  var committed: [ProjectionName: [Offset]] {
    Dictionary(
      uniqueKeysWithValues: projections.map { ($0.name, $0.file.header.checkpoints) })
  }

  /// The same of what it has folded.
  var folded: [ProjectionName: [Offset]] {
    Dictionary(uniqueKeysWithValues: projections.map { ($0.name, $0.positions) })
  }

  /// No less than the events that each projection has not committed.
  var lag: [(name: ProjectionName, events: UInt64)] {
    projections.map { projection in
      let checkpoints = projection.file.header.checkpoints.enumerated()
      return (
        projection.name,
        checkpoints.reduce(0) { $0 + log.lag(of: PartitionID($1.offset), at: $1.element) }
      )
    }
  }

  /// Of all partitions together, as a measure of how far a projection has come.
  func committed(of name: ProjectionName) -> UInt64 {
    let checkpoints = projections.first { $0.name == name }?.file.header.checkpoints ?? []
    return checkpoints.reduce(0) { $0 + UInt64($1.rawValue) }
  }

  private func lowestPosition(_ slots: [ProjectionSlot], _ partition: PartitionID) -> Offset? {
    slots.compactMap { $0.projection?.positions[partition.index] }.min()
  }

  /// No less than the events that are left to fold, but for what is stuck.
  var offsetsAhead: UInt64 {
    (0..<log.partitionCount).reduce(0) { sum, index in
      let partition = PartitionID(index)
      guard stuck[partition] == nil, let lowest = lowestPosition(slots, partition) else {
        return sum
      }
      return sum + log.lag(of: partition, at: lowest)
    }
  }

  /// Nothing is left to fold, but for what is stuck.
  var isAtHead: Bool { isAtHead(slots) }

  private func isAtHead(_ slots: [ProjectionSlot]) -> Bool {
    let isTorn = slots.contains { $0.projection?.isTorn ?? false }
    return (0..<log.partitionCount).allSatisfy { index in
      let partition = PartitionID(index)
      if stuck[partition] != nil { return true }
      guard let lowest = lowestPosition(slots, partition) else { return true }
      return !isTorn && lowest >= log.highWatermark(of: partition)
    }
  }

  /// Folds a chunk of whichever partition's turn it is, of what is at the head first: nobody waits for
  /// what catches up. Returns how many events that was; nil if nothing is left, but for what is stuck.
  func foldNext() -> Int? {
    let late = slots.filter(\.isCatchingUp)
    let present = slots.filter { !$0.isCatchingUp }
    if let partition = next(&turn, present, isFed: true) {
      return fold(partition, present, isFed: true)
    }
    guard let partition = next(&lateTurn, late, isFed: false) else { return nil }
    defer { noteCaughtUp() }
    return fold(partition, late, isFed: false)
  }

  private func next(
    _ turn: inout Turn, _ slots: [ProjectionSlot], isFed: Bool
  ) -> PartitionID? {
    let isTorn = slots.contains { $0.projection?.isTorn ?? false }
    for _ in 0...log.partitionCount {
      let partition = PartitionID(turn.index)
      if stuck[partition] == nil, let lowest = lowestPosition(slots, partition) {
        let upTo = turn.upTo ?? log.highWatermark(of: partition)
        turn.upTo = upTo
        let isDone = lowest >= upTo || (isFed && isTold(partition, upTo: lowest))
        if isTorn || !isDone { return partition }
      }
      turn = Turn(index: (turn.index + 1) % log.partitionCount)
    }
    return nil
  }

  private func isTold(_ partition: PartitionID, upTo offset: Offset) -> Bool {
    trustsFeed && (feed?.isTold(partition, upTo: offset) ?? false)
  }

  private func noteCaughtUp() {
    for slot in slots where slot.isCatchingUp && slot.projection != nil && isAtHead([slot]) {
      slot.caughtUp()
    }
  }

  /// Folds a chunk of the partition. Returns how many events that was. What goes wrong is in
  /// `stuck` and `broken` afterwards.
  func fold(_ partition: PartitionID) -> Int {
    let late = slots.filter(\.isCatchingUp)
    var folded = fold(partition, slots.filter { !$0.isCatchingUp }, isFed: true)
    folded += fold(partition, late, isFed: false)
    noteCaughtUp()
    return folded
  }

  private func fold(_ partition: PartitionID, _ slots: [ProjectionSlot], isFed: Bool) -> Int {
    guard stuck[partition] == nil else { return 0 }
    var folded = 0
    do throws(DaybookError) {
      for slot in slots {
        try attempt(slot) { projection throws(DaybookError) in
          if projection.isTorn { try projection.goBack() }
        }
      }
      // One that is made anew meanwhile begins at the log's beginning, and not here.
      let present = slots.compactMap { slot in slot.projection.map { (slot, $0) } }
      guard let from = lowestPosition(slots, partition),
        from < log.highWatermark(of: partition)
      else { return 0 }
      let (chunk, decoded) = try chunk(partition, from: from, slots, isFed: isFed)
      for (at, read) in chunk.batches.enumerated() {
        var batch = if let decoded { decoded.batches[at] } else { try decode(read) }
        for (slot, projection) in present where slot.projection === projection {
          try attempt(slot) { projection throws(DaybookError) in
            try projection.fold(&batch, nextOffset: read.nextOffset)
          }
        }
        if decoded == nil { events = batch.events }
        folded += read.count
      }
      for (slot, projection) in present where slot.projection === projection {
        projection.advance(to: chunk.next, in: partition)
      }
    } catch {
      stuck[partition] = error
    }
    uncommitted += folded
    assert(uncommitted >= folded && folded >= 0, "what is folded is not committed yet")
    return folded
  }

  /// From memory if it is there, else from the log; with its events if it was read ahead.
  private func chunk(
    _ partition: PartitionID, from: Offset, _ slots: [ProjectionSlot], isFed: Bool
  ) throws(DaybookError) -> (LogChunk, DecodedChunk?) {
    let fed = isFed ? feed?.take(partition, from: from) ?? [] : []
    let decoded = fed.isEmpty ? ahead.take(ReadAhead.Place(partition: partition, from: from)) : nil
    let chunk =
      if let last = fed.last {
        LogChunk(batches: fed, next: last.nextOffset)
      } else if let decoded {
        decoded.chunk
      } else {
        try log.read(partition, from: from, bytesMax: settings.chunkBytes)
      }
    if chunk.next <= from {
      throw DaybookError(.storageFailed, "the log gives nothing at offset \(from): try again")
    }
    assert(chunk.next <= log.highWatermark(of: partition), "only what is durable is folded")
    assert(
      chunk.batches.allSatisfy { $0.partition == partition && $0.nextOffset <= chunk.next },
      "a chunk's batches are the partition's, and lie before what is next")
    if fed.isEmpty { readAhead(behind: chunk.next, of: partition, slots) }
    return (chunk, decoded)
  }

  /// Has what comes next read meanwhile, if much is left: of this partition, or of the one after it.
  private func readAhead(
    behind offset: Offset, of partition: PartitionID, _ slots: [ProjectionSlot]
  ) {
    guard offsetsAhead > settings.eventsBehindMax else { return }
    var next = (partition, offset)
    if offset >= log.highWatermark(of: partition) {
      let following = PartitionID((partition.index + 1) % log.partitionCount)
      guard let from = lowestPosition(slots, following),
        from < log.highWatermark(of: following)
      else { return }
      next = (following, from)
    }
    ahead.begin(ReadAhead.Place(partition: next.0, from: next.1))
  }

  /// Does something with a slot's projection, if it has one. What its file is at fault for leads to
  /// its being made anew; all else is thrown.
  private func attempt(
    _ slot: ProjectionSlot, _ body: (Projection) throws(DaybookError) -> Void
  ) throws(DaybookError) {
    guard let projection = slot.projection else { return }
    do throws(DaybookError) {
      try body(projection)
    } catch {
      guard SQLiteFault.isOfTheFile(error) else { throw error }
      mend(slot, error)
    }
  }

  private func mend(_ slot: ProjectionSlot, _ error: DaybookError) {
    assert(slots.contains { $0 === slot }, "a slot of this engine")
    guard slot.projection?.file.isIntact ?? true else { return mendAll(error) }
    whenMending(slot.name)
    slot.mend(after: error)
  }

  /// Closed first, all of them: closing may meet what was cut off, too.
  private func mendAll(_ error: DaybookError) {
    for slot in slots {
      whenMending(slot.name)
      slot.close()
    }
    CutFiles.settle()
    for slot in slots { slot.mend(after: error, isAtFault: false) }
  }

  /// A question has met damage in this projection's file.
  func mend(_ name: ProjectionName, _ file: FileIdentity, after error: DaybookError) {
    // It may have been made anew since.
    for slot in slots where slot.name == name && slot.projection?.file.identity == file {
      mend(slot, error)
    }
  }

  /// Makes anew what somebody has removed or replaced: it would be written where nobody reads it.
  func mendWhatIsGone() {
    for slot in slots {
      guard let file = slot.projection?.file, !file.isInPlace else { continue }
      mend(slot, DaybookError(.storageFailed, "\(file.path) was removed, or is another file"))
    }
  }

  /// Partitions whose trouble may be over are folded on, and so are projections.
  func retryStuck() {
    stuck = stuck.filter { !$0.value.isWorthRetrying }
    for slot in slots where slot.fault?.isWorthRetrying ?? false {
      slot.retry()
    }
  }

  /// Something may be over in a while that keeps partitions or projections from being folded.
  var hasWhatIsWorthRetrying: Bool {
    stuck.values.contains(where: \.isWorthRetrying)
      || broken.values.contains(where: \.isWorthRetrying)
  }

  private func decode(_ read: CommittedBatch) throws(DaybookError) -> DecodedBatch {
    var events = events
    self.events = []
    if events.count > ProjectionEngine.eventsKept {
      events.removeLast(events.count - ProjectionEngine.eventsKept)
    }
    while events.count < read.count { events.append(EventDecoding.blank) }
    try read.forEachEvent { index, bytes throws(DaybookError) in
      try EventDecoding.decode(bytes, names: names, into: &events[index])
    }
    return DecodedBatch(of: read, events: events)
  }

  /// So much is folded that it is to be committed.
  var isCommitDue: Bool {
    uncommitted >= settings.eventsPerCommitMax || projections.contains(where: \.isFull)
  }

  /// One transaction for each projection. Safe to call again after it threw `storage_full`.
  func commit() throws(DaybookError) {
    noteCaughtUp()
    for slot in slots {
      let isAtHead = !slot.isCatchingUp
      try attempt(slot) { projection throws(DaybookError) in
        try projection.commit(isAtHead: isAtHead)
      }
    }
    uncommitted = 0
  }

  /// Folds and commits all that is durable. `each` is called after each chunk with the number of
  /// its events. Throws the fault of a partition that can't be folded, once the others are done.
  func catchUp(each: (Int) -> Void = { _ in }) throws(DaybookError) {
    var lastCommit = ContinuousClock.now
    while let events = foldNext() {
      if events > 0 { each(events) }
      guard isCommitDue || ContinuousClock.now - lastCommit >= settings.bulkCommitInterval else {
        continue
      }
      try commit()
      lastCommit = .now
    }
    try commit()
    // What was found damaged only by that.
    if !isAtHead { return try catchUp(each: each) }
    assert(uncommitted == 0, "all that was folded is committed")
    for slot in slots { if let fault = slot.fault { throw fault } }
    if let fault = stuck.min(by: { $0.key < $1.key })?.value { throw fault }
  }

  /// What can't be closed loses nothing: the next opening looks at it.
  func close() {
    ahead.settle()
    for projection in projections { try? projection.file.close() }
  }
}
