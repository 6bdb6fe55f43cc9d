import DaybookModel
import Files
import Glibc
import NIOCore
import Ports
import Testing

@testable import SegmentLog

@Suite("What is acked is in the journal, and in the segments after it")
struct JournalTests {
  private static let options = SegmentLogOptions(
    segmentBytes: 4096, firstSegmentBytes: 4096, reserveBytes: 512)
  private static let folder = "/log"
  /// Of sweeps over bytes.
  private static let step = StorageSeeds.isChosen ? 1 : 7

  /// An owner that has appended some batches to two partitions in turn, each its own record, and is
  /// there no more; what was acked, by partition.
  private struct Killed {
    let disk: SimDisk
    var events: [[TestEvent]] = [[], []]
    /// Of the journal's only file.
    let journal: String
    /// Where each record begins, and where the last ends.
    var bounds: [Int] = []

    init(batches: UInt64 = 6, seed: UInt64 = 1) throws {
      disk = SimDisk(seed: seed)
      try LogFolder(files: disk, path: folder).create(partitions: 2, options: options)
      disk.root.sync()
      let owner = try StorageOwner(disk, folder, options)
      nonisolated(unsafe) var acked = 0
      for batch in 0..<batches {
        let own = messages(batch * 2 + 1...batch * 2 + 2)
        owner.log.append(makeBatch(own), to: PartitionID(Int(batch % 2))) {
          if case .success = $0 { acked += 1 }
        }
        events[Int(batch % 2)] += own
        owner.commitOnly()
      }
      #expect(acked == Int(batches))
      disk.endProcess()
      let names = try disk.folder("\(folder)/journal").sorted.map(\.name)
      journal = try #require(names.first.map { "\(folder)/journal/\($0)" })
      #expect(names.count == 1)
      let bytes = try disk.file(journal).cache
      var at = Int(JournalHeader.recordsStart)
      let seed = try LogFolder(files: disk, path: folder).manifest().seed
      while case .record(let record) = bytes.withUnsafeBytes({
        JournalRecord.decode($0, at: at, seed)
      }) {
        bounds.append(at)
        at += record.byteCount
      }
      bounds.append(at)
      #expect(bounds.count == Int(batches) + 1)
    }

    /// The power goes, and of what was not synced nothing is there.
    func loseUnsynced() {
      disk.root.dropUnsynced()
    }
  }

  /// Of a partition of which nothing can be read, nothing.
  private func reopened(_ disk: SimDisk) throws -> (owner: StorageOwner, contents: [[TestEvent]]) {
    let owner = try StorageOwner(disk, Self.folder, Self.options)
    let contents = try (0..<2).map { index -> [TestEvent] in
      do throws(DaybookError) { return try owner.log.contents(PartitionID(index)) } catch {
        guard error.code == .logCorrupt else { throw error }
        return []
      }
    }
    return (owner, contents)
  }

  @Test("after a power cut that took all but the journal, everything acked is there")
  func replayed() throws {
    let killed = try Killed()
    killed.loseUnsynced()
    let (owner, contents) = try reopened(killed.disk)
    #expect(owner.damaged == [])
    #expect(contents == killed.events)
    owner.log.close()
    #expect(try killed.disk.folder("\(Self.folder)/journal").sorted.isEmpty)
    // Once more, without what was not synced: the segments have it now.
    killed.loseUnsynced()
    let (again, same) = try reopened(killed.disk)
    #expect(same == killed.events)
    #expect(again.log.findings.isEmpty)
    again.log.close()
  }

  @Test("who only reads is given the journal's bytes, and changes nothing")
  func read() throws {
    let killed = try Killed()
    killed.loseUnsynced()
    let before = try killed.disk.file(killed.journal).disk
    let operations = killed.disk.operations
    nonisolated(unsafe) var writes = 0
    killed.disk.interruption = { operation, _ in
      if [.write, .remove, .rename, .create, .truncate].contains(operation) { writes += 1 }
    }
    let folder = LogFolder(files: killed.disk, path: Self.folder)
    let reader = try SegmentLogReader(folder, TestScanner())
    // Of the last record nobody knows yet whether it was synced.
    #expect(try reader.contents(PartitionID(0)) == killed.events[0])
    #expect(try reader.contents(PartitionID(1)) == killed.events[1].dropLast(2))
    let report = try reader.verify()
    #expect(report.ok)
    #expect(writes == 0 && killed.disk.operations > operations)
    #expect(try killed.disk.file(killed.journal).disk == before)
  }

  @Test("the journal cut at any byte: what was whole before it is there, and opens")
  func everyCut() throws {
    let killed = try Killed()
    killed.loseUnsynced()
    for length in stride(from: killed.bounds[0], through: killed.bounds[6], by: Self.step) {
      let disk = killed.disk.copy(seed: 1)
      try disk.file(killed.journal).truncate(to: length)
      disk.root.syncAll()
      let whole = killed.bounds.dropFirst().count { $0 <= length }
      let (owner, contents) = try reopened(disk)
      #expect(owner.damaged == [], "cut to \(length)")
      #expect(
        contents[0] == Array(killed.events[0].prefix((whole + 1) / 2 * 2)), "cut to \(length)")
      #expect(contents[1] == Array(killed.events[1].prefix(whole / 2 * 2)), "cut to \(length)")
      owner.log.close()
    }
  }

  @Test("any byte of the journal: what the wrong record held is missing by name, or nowhere")
  func everyByte() throws {
    let killed = try Killed()
    killed.loseUnsynced()
    for at in stride(from: 0, to: killed.bounds[6], by: Self.step) {
      let disk = killed.disk.copy(seed: 1)
      try disk.file(killed.journal).rot(at..<at + 1) { $1 ^ 1 << UInt8(at % 8) }
      let (owner, contents) = try reopened(disk)
      // The last is as one that was torn.
      let hurt = (0..<6).first { killed.bounds[$0]..<killed.bounds[$0 + 1] ~= at }
      let isTorn = hurt == 5
      for partition in 0..<2 {
        let isHurt = hurt.map { $0 % 2 == partition } ?? false
        let expected =
          isHurt
          ? Array(killed.events[partition].prefix(hurt! / 2 * 2)) : killed.events[partition]
        #expect(contents[partition] == expected, "byte \(at), partition \(partition)")
        #expect(
          owner.damaged.contains { $0.partition.index == partition } == (isHurt && !isTorn),
          "byte \(at), partition \(partition)")
      }
      owner.log.close()
    }
  }

  @Test("a journal that can't be read stops what may be in it, and is as it was once it can")
  func unreadable() throws {
    let killed = try Killed()
    killed.loseUnsynced()
    let disk = killed.disk.copy(seed: 1)
    disk.faults = [DiskFault(kind: .broken, range: 0..<Int.max, path: FileNames.journalSuffix)]
    let (owner, _) = try reopened(disk)
    #expect(owner.damaged.map(\.partition.index) == [0, 1])
    owner.log.close()
    disk.faults = []
    let (again, contents) = try reopened(disk)
    #expect(again.damaged == [])
    #expect(contents == killed.events)
    again.log.close()
  }

  @Test("damage below what was synced in a segment is rot, which the journal does not cover up")
  func rotBelow() throws {
    let killed = try Killed()
    let kept = try killed.disk.file(killed.journal).cache
    let (owner, _) = try reopened(killed.disk)
    owner.log.close()
    // The removal of the journal's file did not last.
    let (folder, name) = try killed.disk.place(killed.journal)
    let file = SimFile()
    kept.withUnsafeBytes { file.write($0, at: 0) }
    folder.add(name, .file(file))
    let segment = "\(Self.folder)/0/\(FileNames.segment(.zero))"
    killed.disk.root.syncAll()
    try killed.disk.file(segment).rot(100..<101) { $1 ^ 1 }
    let again = try StorageOwner(killed.disk, Self.folder, Self.options)
    #expect(again.damaged.map(\.partition.index) == [0])
    again.log.close()
  }

  @Test("what an overtaken owner writes late counts for nothing, though its file is there again")
  func late() throws {
    let disk = SimDisk(seed: 1)
    try LogFolder(files: disk, path: Self.folder).create(partitions: 2, options: Self.options)
    disk.root.sync()
    let older = try StorageOwner(disk, Self.folder, Self.options)
    nonisolated(unsafe) var acked = 0
    let append = { (owner: StorageOwner, events: [TestEvent]) in
      owner.log.append(makeBatch(events), to: PartitionID(0)) {
        if case .success = $0 { acked += 1 }
      }
      owner.commit()
    }
    let first = (0..<2).map { TestEvent(text: String(repeating: "\($0)", count: 1_700)) }
    for event in first { append(older, [event]) }
    // From here on the older owner is as one that was stopped: it sees nothing of the newer one. What it
    // writes is for a segment that it begins behind what there was, and so does the newer one.
    let overtaken = disk.copy(seed: 1)
    append(older, (0..<6).map { TestEvent(text: String(repeating: "\($0)", count: 300)) })
    disk.endProcess()
    let late = try disk.folder("\(Self.folder)/journal").sorted.map { file in
      let path = "\(Self.folder)/journal/\(file.name)"
      return (path: path, bytes: try disk.file(path).cache)
    }
    overtaken.endProcess()
    let newer = try StorageOwner(overtaken, Self.folder, Self.options)
    append(newer, messages(3...3))
    append(newer, messages(4...5))
    #expect(acked == 5)
    newer.log.close()
    for (path, bytes) in late {
      let file = try overtaken.open(path, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o640)
      try bytes.withUnsafeBytes { try overtaken.write(file, $0, at: 0) }
      overtaken.close(file)
    }
    overtaken.root.syncAll()
    let manifest = try LogFolder(files: overtaken, path: Self.folder).manifest()
    let journal = try JournalContents(overtaken, folder: "\(Self.folder)/journal", manifest)
    #expect(journal.batches(of: PartitionID(0)).last?.header.nextOffset == Offset(8))
    let (owner, contents) = try reopened(overtaken)
    #expect(owner.damaged == [])
    #expect(contents[0] == first + messages(3...5))
    owner.log.close()
  }

  @Test("records of a file's earlier use do not count, wherever they lie")
  func earlierUse() throws {
    let manifest = Manifest(partitions: 2)
    func file(_ generation: UInt64, _ numbers: [UInt64], _ sizes: [Int]) -> [UInt8] {
      let header = JournalHeader(
        epoch: Epoch(1), owner: 5, number: 1, generation: generation,
        branch: manifest.branch.prefix)
      var bytes = header.encode(manifest.seed)
      bytes += [UInt8](repeating: 0, count: Int(JournalHeader.recordsStart) - bytes.count)
      var previous: UInt32 = 0
      var builder = JournalRecordBuilder()
      for (number, size) in zip(numbers, sizes) {
        builder.begin([])
        let text = String(repeating: "x", count: size)
        builder.add(
          makeBatch([TestEvent(text: text)]).bytes, partition: PartitionID(0), segmentBase: .zero,
          position: 0)
        let record = builder.close(
          generation: generation, number: number, previous: previous, manifest.seed)
        previous = record.checksum
        bytes += Array(record.bytes.readableBytesView)
      }
      return bytes
    }
    let earlier = file(1, [1, 2, 3, 4], [200, 200, 200, 200])
    for sizes in [[10], [200], [40, 90], [200, 200, 200]] {
      let later = file(2, Array(5..<5 + UInt64(sizes.count)), sizes)
      // Whatever number an earlier record has.
      for shift in [UInt64(0), 100] {
        let before = shift == 0 ? earlier : file(1, [101, 102, 103, 104], [200, 200, 200, 200])
        let scan = JournalFileScan(later + before.dropFirst(later.count), manifest)
        #expect(scan.records.map(\.number) == Array(5..<5 + UInt64(sizes.count)))
        #expect(scan.fault == nil)
      }
    }
  }
}

extension StorageOwner {
  /// Segments are begun, and never synced.
  fileprivate func commitOnly() {
    while log.committer.hasQueued {
      _ = log.committer.step(waits: false)
      for partition in log.partitions.compactMap(\.appender) where partition.hasUnclaimedRoll {
        log.committer.beginSegment(of: partition)
      }
    }
  }
}
