import DaybookModel
import Files
import Glibc
import NIOCore

/// The files into which an owner writes the batches of all its partitions, one record a sync. Used
/// under the committer's lock; what takes its time is done outside of it, on values that were taken out.
///
/// A file goes from hand to hand: it is made or used again (`Recycling`), is ready, takes records, is
/// full, and is kept until the segments hold what it has.
struct Journal {
  /// How soon one file may follow another without the next being twice as large. When one is full, all
  /// segments are synced in a row, and rounds wait for the disk between them: at ten seconds that are
  /// fewer than one in a hundred.
  private static let calm = Duration.seconds(10)

  /// A file of the journal that is open.
  struct Part {
    var file: File
    var header: JournalHeader
    var capacity: UInt64
    /// Where the next record goes.
    var position = JournalHeader.recordsStart
    /// Checksum of the last record; 0 while there is none.
    var previous: UInt32 = 0
    /// By partition: where its last batch in here ends.
    var ends: [Int: Offset] = [:]
    /// It holds what a partition needs that takes nothing more: it stays until the next opening.
    var isPinned = false

    func hasRoom(for bytes: UInt64) -> Bool { position + bytes <= capacity }

    /// Every batch in it lies before these offsets.
    func isHeld(by stated: (Int) -> Offset) -> Bool { ends.allSatisfy { $1 <= stated($0) } }
  }

  /// What a file needs to be made, away from the lock.
  struct Plan {
    var header: JournalHeader
    var capacity: UInt64
    var isZeroFilled: Bool
  }

  let place: Place
  private(set) var current: Part?
  private(set) var ready: [Part] = []
  /// Full, the oldest first.
  private(set) var full: [Part] = []
  private var recordsWritten: UInt64 = 0
  private var filesMade: UInt32 = 0
  private var generations: UInt64 = 0
  private let leastCapacity: UInt64
  /// Room of the files that are made from now on.
  private(set) var capacity: UInt64
  private var currentSince: ContinuousClock.Instant
  private var isPreparing = false
  private var record = JournalRecordBuilder()
  /// How far the partitions are that were written last, the last first.
  private var points: [JournalRecord.Point] = []
  /// The record that was written last lies there, until it is synced.
  private var unsynced: (position: UInt64, bytes: Int, checksum: UInt32)?

  /// Where an owner's files lie, and what they are checksummed with.
  struct Place: Sendable {
    let files: any FileSystem
    let folder: LogFolder
    let seed: LogSeed
    let branch: UInt64
    let epoch: Epoch
    let owner: UInt64
    /// Part of a file's name.
    let name: String

    func path(_ number: UInt32) -> String {
      "\(folder.journal)/\(name)-\(number)\(FileNames.journalSuffix)"
    }
  }

  init(_ place: Place, fileBytes: Int, now: ContinuousClock.Instant) {
    self.place = place
    leastCapacity = UInt64(fileBytes)
    capacity = leastCapacity
    currentSince = now
  }

  // MARK: Writing

  /// As many full files wait as may: nothing is taken until one is free.
  var isAtItsLimit: Bool {
    ready.isEmpty && full.count { !$0.isPinned } >= Limits.journalFullFilesMax
  }

  /// A file is there that has room for such a record.
  func hasRoom(batches: Int, bytes: Int) -> Bool {
    let bytes = UInt64(JournalRecord.byteCount(batches, bytes: bytes, points: points.count))
    return ([current].compactMap { $0 } + ready).contains { $0.hasRoom(for: bytes) }
  }

  /// A file with room for a record of batches of these sizes. Throws, with nothing changed that
  /// matters, where there is none and none can be made.
  mutating func makeRoom(
    batches: Int, bytes: Int, now: ContinuousClock.Instant
  ) throws(FileError) {
    let bytes = UInt64(JournalRecord.byteCount(batches, bytes: bytes, points: points.count))
    if let current, current.hasRoom(for: bytes) { return }
    if let current { full.append(current) }
    current = nil
    if now - currentSince < Journal.calm {
      capacity = min(capacity * 2, UInt64(Limits.journalFileBytesMax))
    }
    currentSince = now
    if let at = ready.firstIndex(where: { $0.hasRoom(for: bytes) }) {
      current = ready.remove(at: at)
      return
    }
    // Where the disk has less room, half of that and again, down to the record.
    let least = JournalHeader.recordsStart + bytes
    var room = max(leastCapacity, least)
    while true {
      do throws(FileError) {
        current = try place.make(plan(capacity: room, isZeroFilled: false))
        return
      } catch {
        guard error.isFull, room > least else { throw error }
        room = max(least, room / 2)
      }
    }
  }

  private mutating func plan(capacity: UInt64, isZeroFilled: Bool) -> Plan {
    filesMade += 1
    return Plan(
      header: header(number: filesMade), capacity: capacity, isZeroFilled: isZeroFilled)
  }

  private mutating func header(number: UInt32) -> JournalHeader {
    generations += 1
    return JournalHeader(
      epoch: place.epoch, owner: place.owner, number: number, generation: generations,
      branch: place.branch)
  }

  mutating func begin() { record.begin(points) }

  mutating func add(
    _ batch: ByteBuffer, partition: PartitionID, segmentBase: Offset, position: UInt64
  ) {
    record.add(batch, partition: partition, segmentBase: segmentBase, position: position)
  }

  /// Writes what was added as one record into the room that was made.
  mutating func write() throws(FileError) {
    guard let current else { preconditionFailure("a record is written where there is room") }
    assert(unsynced == nil && !record.isEmpty, "each record is synced before the next")
    let (bytes, checksum) = record.close(
      generation: current.header.generation, number: recordsWritten + 1,
      previous: current.previous, place.seed)
    precondition(
      current.position + UInt64(bytes.readableBytes) <= current.capacity, "a record has its room")
    unsynced = (current.position, bytes.readableBytes, checksum)
    try bytes.withBytes { (bytes) throws(FileError) in
      try place.files.write(current.file, bytes, at: current.position)
    }
  }

  /// Takes the record back that was written, in whole or in part, and not synced.
  mutating func undo() throws(FileError) {
    guard let current, let last = unsynced else { return }
    unsynced = nil
    let end = try min(place.files.size(current.file), last.position + UInt64(last.bytes))
    guard end > last.position else { return }
    try place.files.erase(current.file, from: last.position, to: end)
  }

  /// The file that the record was written to, which is to be synced.
  var file: File? { current?.file }

  /// The record is durable: of these partitions up to these offsets.
  mutating func wasSynced(_ ends: [JournalRecord.Point]) {
    guard let last = unsynced else { preconditionFailure("a record was written") }
    unsynced = nil
    recordsWritten += 1
    current?.position += UInt64(last.bytes)
    current?.previous = last.checksum
    for point in ends {
      current?.ends[point.partition.index] = point.end
      points.removeAll { $0.partition == point.partition }
    }
    points = Array((ends + points).prefix(JournalRecord.pointsMax))
  }

  // MARK: Files

  /// What the next file is to be, once half of the present one is used and none is ready.
  mutating func nextToPrepare() -> Plan? {
    guard let current, !isPreparing, ready.isEmpty, current.position * 2 >= current.capacity else {
      return nil
    }
    isPreparing = true
    return plan(capacity: capacity, isZeroFilled: true)
  }

  /// What came of it.
  mutating func prepared(_ part: Part?) {
    isPreparing = false
    if let part { ready.append(part) }
  }

  /// Takes out the full files of which nobody needs anything any more, each with the header of its
  /// next use; without one it is to be removed.
  mutating func takeFree(
    stated: (Int) -> Offset, isRefused: (Int) -> Bool
  ) -> [(part: Part, header: JournalHeader?)] {
    var free: [Part] = []
    var kept: [Part] = []
    for part in full {
      if part.isHeld(by: stated) || Mutant.leavesOut(.journalRecycling) {
        free.append(part)
      } else {
        var part = part
        part.isPinned = part.ends.contains { isRefused($0.key) && $0.value > stated($0.key) }
        kept.append(part)
      }
    }
    full = kept
    var wanted = ready.isEmpty && !isPreparing ? 1 : 0
    return free.map { part in
      guard wanted > 0, part.capacity == capacity else { return (part, nil) }
      wanted -= 1
      isPreparing = true
      return (part, header(number: part.header.number))
    }
  }

  /// At the end: all files, and which of them nobody needs.
  mutating func takeAll(stated: (Int) -> Offset) -> [(part: Part, isFree: Bool)] {
    let parts = full + [current].compactMap { $0 } + ready
    (full, current, ready) = ([], nil, [])
    return parts.map { ($0, $0.isHeld(by: stated)) }
  }
}

extension Journal.Place {
  /// A file that is there whole, under its name, before a record goes into it.
  func make(_ plan: Journal.Plan) throws(FileError) -> Journal.Part {
    let path = path(plan.header.number)
    let temporary = path + TemporaryName.suffix
    let file: File
    do throws(FileError) {
      file = try files.open(temporary, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o640)
    } catch {
      guard error.number == ENOENT else { throw error }
      try files.makeFolderIfAbsent(folder.journal)
      try files.sync(folder: folder.path)
      file = try files.open(temporary, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o640)
    }
    do throws(FileError) {
      try files.allocate(file, bytes: plan.capacity)
      if plan.isZeroFilled { try fill(file, plan.capacity) }
      try files.write(file, plan.header.encode(seed), at: 0)
      try files.syncData(file)
      try files.rename(temporary, to: path)
      try files.sync(folder: folder.journal)
      return Journal.Part(
        file: File(descriptor: file.descriptor, path: path), header: plan.header,
        capacity: plan.capacity)
    } catch {
      files.close(file)
      try? files.remove(temporary)
      try? files.remove(path)
      throw error
    }
  }

  /// A sync of little at a time lets those of the records in between.
  private func fill(_ file: File, _ capacity: UInt64) throws(FileError) {
    var position: UInt64 = 0
    while position < capacity {
      let end = min(position + 4 * 1_048_576, capacity)
      try files.zero(file, from: position, to: end)
      if end < capacity { try files.syncData(file) }
      position = end
    }
  }

  /// The file under another generation: what it holds counts no more.
  func use(_ part: Journal.Part, again header: JournalHeader) throws(FileError) -> Journal.Part {
    try files.write(part.file, header.encode(seed), at: 0)
    try files.syncData(part.file)
    return Journal.Part(file: part.file, header: header, capacity: part.capacity)
  }

  func remove(_ part: Journal.Part) {
    files.close(part.file)
    // One that stays holds nothing that the segments don't.
    try? files.remove(part.file.path)
  }
}

extension ByteBuffer {
  func withBytes(
    _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
  ) throws(FileError) {
    let result = withUnsafeReadableBytes { raw -> Result<Void, FileError> in
      do throws(FileError) { return .success(try body(raw)) } catch { return .failure(error) }
    }
    try result.get()
  }
}
