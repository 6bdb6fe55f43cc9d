import DaybookModel
import Files
import Ports
import Testing

@testable import SegmentLog

@Suite("What the log trusts, it has proven")
struct SafetyTests {
  let zero = PartitionID(0)

  @Test(
    """
    an owner that is stopped at any of its operations, overtaken, and goes on changes nothing that \
    anybody was acked
    """)
  func everyTakeOver() throws {
    let small = try SmallLog()
    let whole = small.disk.copy(seed: 1)
    let acks = Acks()
    append(to: try open(whole), 300, acks).log.close()
    for operation in 1...whole.operations {
      let disk = small.disk.copy(seed: UInt64(operation))
      let acks = Acks()
      disk.interruption = { _, _ in
        guard disk.operations == operation - 1, !acks.isOvertaken else { return }
        acks.isOvertaken = true
        acks.second = try? self.open(disk)
        if let owner = acks.second { _ = self.append(to: owner, 400, acks) }
      }
      if let owner = try? open(disk) { append(to: owner, 300, acks).log.close() }
      acks.second?.log.close()
      let stated = try statedDurable(disk)
      #expect(acks.events.allSatisfy { $0.0 < stated }, "operation \(operation)")
      disk.losePower()
      let again = try open(disk)
      #expect(again.damaged == [], "operation \(operation)")
      let contents = try again.log.contents(zero)
      #expect(contents.starts(with: small.events[0]), "operation \(operation)")
      for (offset, event) in acks.events {
        #expect(
          offset < contents.count && contents[offset] == event, "operation \(operation): \(event)")
      }
      again.log.close()
    }
  }

  @Test(
    """
    an owner that is overtaken while it puts an older one's segment out of its way never takes the \
    newer one's
    """)
  func threeOwners() throws {
    let small = try SmallLog()
    let alone = small.disk.copy(seed: 1)
    let owner = try open(alone)
    let opened = alone.operations
    owner.log.close()
    // The second opens the log while the first begins its segment, and appends once that one's has
    // its name, with or without a batch; the third comes while the second sets it aside.
    // Each makes a file of its journal before, the first also the folder.
    let journal = opened + 11
    for begin in journal + 1...journal + 5 {
      for pause in 3...7 {
        for operation in 12...19 {
          try run(small, [begin, begin + pause, operation])
        }
      }
    }
  }

  private func run(_ small: SmallLog, _ at: [Int]) throws {
    let disk = small.disk.copy(seed: 1)
    let acks = Acks()
    disk.interruption = { _, _ in
      acks.operations[0] += 1
      if acks.operations[0] == at[0] { acks.second = try? self.open(disk) }
      guard acks.operations[0] == at[1], let second = acks.second else { return }
      disk.interruption = { _, _ in
        acks.operations[1] += 1
        guard acks.operations[1] == at[2], acks.third == nil else { return }
        acks.third = try? self.open(disk)
        if let third = acks.third { _ = self.append(to: third, 500, acks) }
      }
      _ = self.append(to: second, 400, acks)
      disk.interruption = nil
    }
    if let first = try? open(disk) { append(to: first, 300, acks).log.close() }
    disk.interruption = nil
    acks.second?.log.close()
    acks.third?.log.close()
    disk.losePower()
    let again = try open(disk)
    #expect(again.damaged == [], "\(at)")
    let contents = try again.log.contents(zero)
    for (offset, event) in acks.events {
      #expect(offset < contents.count && contents[offset] == event, "\(at): \(event)")
    }
    again.log.close()
  }

  @Test("what a failed sync left in the page cache alone is written again before anybody sees it")
  func droppedPages() throws {
    let small = try SmallLog()
    for seed in UInt64(1)...8 {
      let disk = small.disk.copy(seed: seed)
      let acks = Acks()
      let first = try open(disk)
      var writes = 0
      // A journal's file goes on under the name that it was made with. The header is written first.
      disk.interruption = { operation, path in
        guard path.contains(FileNames.journalSuffix) else { return }
        if operation == .write { writes += 1 }
        guard operation == .syncData, writes > 1, disk.faults.isEmpty else { return }
        let now = disk.operations + 1
        disk.faults = [DiskFault(kind: .broken, range: now..<now + 1)]
      }
      _ = append(to: first, 300, acks)
      #expect(acks.events.isEmpty)
      disk.endProcess()
      let second = try open(disk)
      let seen = try second.log.contents(zero)
      #expect(seen.count > small.events[0].count)
      second.log.close()
      disk.losePower()
      let third = try open(disk)
      #expect(third.damaged == [], "\(seed)")
      #expect(try third.log.contents(zero) == seen, "\(seed)")
      third.log.close()
    }
  }

  /// What the watermark file says of the partition.
  private func statedDurable(_ disk: SimDisk) throws -> Int {
    let folder = LogFolder(files: disk, path: SmallLog.folder)
    let statement = try WatermarkStatement.read(
      disk, folder: folder.partition(0), try folder.manifest().seeds(of: zero), partition: zero)
    return Int(statement.slot?.durableOffset.rawValue ?? 0)
  }

  /// Who was told what, at which offset.
  private final class Acks: @unchecked Sendable {
    var events: [(Int, TestEvent)] = []
    var isOvertaken = false
    /// Of the first owner, and of the second while it appends.
    var operations = [0, 0]
    var second: StorageOwner?
    var third: StorageOwner?
  }

  private func open(_ disk: SimDisk) throws(DaybookError) -> StorageOwner {
    try StorageOwner(disk, SmallLog.folder, SmallLog.options)
  }

  /// Two batches, one step of everything after each.
  private func append(to owner: StorageOwner, _ first: UInt64, _ acks: Acks) -> StorageOwner {
    for batch in UInt64(0)..<2 {
      let events = messages(first + batch * 3...first + batch * 3 + 2)
      owner.log.append(makeBatch(events, generation: 1), to: zero) { result in
        guard case .success(let committed) = result else { return }
        for (at, event) in events.enumerated() {
          acks.events.append((Int(committed.offset(of: at).rawValue), event))
        }
      }
      owner.commit()
    }
    return owner
  }

  @Test("the manifest of another log is refused, and nothing is changed")
  func manifestOfAnother() throws {
    let small = try SmallLog()
    let other = try SmallLog()
    let path = SmallLog.folder + "/" + Manifest.name
    let damaged = small.disk.copy(seed: 1)
    let foreign = try other.disk.file(path).disk
    try damaged.file(path).truncate(to: 0)
    try foreign.withUnsafeBytes { try damaged.file(path).write($0, at: 0) }
    damaged.root.syncAll()
    let before = try small.files.map { try damaged.file($0.path).cache }
    do throws(DaybookError) {
      _ = try open(damaged)
      Issue.record("a log was opened with the manifest of another")
    } catch {
      #expect(error.code == .logCorrupt)
    }
    #expect(try small.files.map { try damaged.file($0.path).cache } == before)
  }

  @Test("a batch of another past, whole by itself, does not continue the log")
  func otherPast() throws {
    let small = try SmallLog()
    // Two owners of copies append a batch of one size each, the first another one behind.
    let (one, two) = (small.disk.copy(seed: 1), small.disk.copy(seed: 2))
    append(to: try open(one), 300, Acks()).log.close()
    append(to: try open(two), 600, Acks()).log.close()
    let begun = try #require(lastSegment(one))
    #expect(lastSegment(two) == begun)
    let length = try batchBytes(one, begun)
    let foreign = try two.file(begun).disk[..<length]
    try one.file(begun).rot(0..<length) { at, _ in foreign[at] }
    let owner = try open(one)
    #expect(owner.damaged.map(\.partition) == [zero])
    owner.log.close()
  }

  private func lastSegment(_ disk: SimDisk) -> String? {
    let folder = "\(SmallLog.folder)/0"
    let names = (try? disk.folder(folder).sorted.map(\.name)) ?? []
    return names.last { $0.hasSuffix(FileNames.segmentSuffix) }.map { "\(folder)/\($0)" }
  }

  /// Of the first batch of a segment.
  private func batchBytes(_ disk: SimDisk, _ path: String) throws -> Int {
    try disk.file(path).disk.withUnsafeBytes {
      BatchHeader.byteCount + Int($0.little(UInt32.self, at: 28))
    }
  }

  @Test("a header that is made with what clients know is no witness of anything")
  func forgedHeader() throws {
    let small = try SmallLog()
    let manifest = try LogFolder(files: small.disk, path: SmallLog.folder).manifest()
    let name = try #require(lastSegment(small.disk))
    let file = try small.disk.file(name)
    let reader = try SegmentLogReader(
      LogFolder(files: small.disk, path: SmallLog.folder), TestScanner())
    let high = reader.highWatermark(of: zero)
    let used = Int(try reader.segments(of: zero).last!.bytesUsed)
    // A batch that was torn: its first sector never came, and what came quotes a header.
    var forged = [UInt8](repeating: 0, count: 200 + BatchHeader.byteCount)
    let header = BatchHeader(
      partition: zero, epoch: Epoch(1), baseOffset: high.advanced(by: 2), count: 1,
      storedBytes: 60, rawBytes: 60, firstRecordedAt: .none, lastRecordedAt: .none,
      durableOffset: high.advanced(by: 2), previousChain: 0, storedChecksum: 0, rawChecksum: 0)
    forged[0] = 1
    forged.withUnsafeMutableBytes {
      header.encode(
        into: UnsafeMutableRawBufferPointer(rebasing: $0[200...]), LogSeed(legacy: manifest.log))
    }
    forged.withUnsafeBytes { file.write($0, at: used) }
    small.disk.root.syncAll()
    let owner = try open(small.disk)
    #expect(owner.damaged == [])
    #expect(try owner.log.contents(zero) == small.events[0])
    owner.log.close()
  }
}
