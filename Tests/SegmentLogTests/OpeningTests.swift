import DaybookModel
import Doubles
import Files
import Foundation
import Ports
import Testing

@testable import SegmentLog

@Suite("Opening looks first: what does not belong together is refused, and nothing is touched")
struct OpeningTests {
  let zero = PartitionID(0)

  /// Everything below a folder, by path.
  private func contents(_ folder: String) throws -> [String: Data] {
    var contents: [String: Data] = [:]
    for case let path as String in try #require(
      FileManager.default.enumerator(atPath: folder))
    {
      if let data = FileManager.default.contents(atPath: "\(folder)/\(path)") {
        contents[path] = data
      }
    }
    return contents
  }

  @Test("the manifest of another log is refused, with every other file as it was")
  func foreignManifest() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2)])
    let other = try TestLog()
    try FileManager.default.removeItem(atPath: test.folder + "/manifest.json")
    try FileManager.default.copyItem(
      atPath: other.folder + "/manifest.json", toPath: test.folder + "/manifest.json")
    let before = try contents(test.folder)
    #expect(await code { try test.open() } == .logCorrupt)
    #expect(await code { try test.reader() } == .logCorrupt)
    #expect(try contents(test.folder) == before)
  }

  @Test("an epoch file of another branch is refused; a rotten or a missing one costs nothing")
  func epochs() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2)])
    let folder = LogFolder(files: PosixFileSystem(), path: test.folder)
    let manifest = try folder.manifest()
    let right = try #require(FileManager.default.contents(atPath: folder.epochPath))
    for length in [0, 16, 43, 45] {
      let cut = right.prefix(length) + Data(repeating: 1, count: max(0, length - right.count))
      try Data(cut).write(to: URL(fileURLWithPath: folder.epochPath))
      let log = try test.open()
      #expect(log.epoch > Epoch(1))
      #expect(try log.everything() == messages(1...2))
      let isTold = log.findings.contains { if case .unknownEpoch = $0 { true } else { false } }
      #expect(isTold)
      log.close()
    }
    try folder.write(EpochRecord(epoch: Epoch(9), branch: .random()), manifest.seed)
    #expect(await code { try test.open() } == .logCorrupt)
  }

  @Test("a log whose files state the last epoch there is is refused, and nothing is changed")
  func lastEpoch() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2)])
    let folder = LogFolder(files: PosixFileSystem(), path: test.folder)
    let manifest = try folder.manifest()
    try folder.write(EpochRecord(epoch: Epoch(.max), branch: manifest.branch), manifest.seed)
    let before = try contents(test.folder)
    #expect(await code { try test.open() } == .logCorrupt)
    #expect(try contents(test.folder) == before)
  }

  @Test("a watermark that says nothing is made anew, and does not say that nothing was durable")
  func watermarks() async throws {
    let variants: [([UInt8]) -> [UInt8]?] = [
      { _ in nil }, { _ in [] }, { Array($0.prefix(4096)) }, { $0.map { _ in 0 } },
      { $0.map { $0 ^ 1 } }, { $0 + [1] },
    ]
    for (at, variant) in variants.enumerated() {
      let test = try TestLog()
      try await test.write([messages(1...2), messages(3...4)])
      let right = try test.bytes(FileNames.watermark)
      try FileManager.default.removeItem(atPath: test.path(FileNames.watermark))
      if let bytes = variant(right) { try test.replace(FileNames.watermark, with: bytes) }
      let log = try test.open()
      #expect(try log.everything() == messages(1...4), "variant \(at)")
      #expect(try test.bytes(FileNames.watermark).count == WatermarkSlot.fileBytes)
      log.close()
      let again = try test.open()
      #expect(again.findings.isEmpty, "variant \(at): \(again.findings)")
      again.close()
    }
  }

  @Test("what a file beside the log states to be durable counts, whatever became of the watermark")
  func statements() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2), messages(3...4)])
    let start = Int(try test.reader().segments(of: zero)[0].bytesUsed)
    try test.flip(FileNames.segment(.zero), at: start - 5)
    try FileManager.default.removeItem(atPath: test.path(FileNames.watermark))
    let before = try test.contents()
    var opening = OpeningContext()
    opening.statements = { _ in
      [DurableStatement(partition: PartitionID(0), durable: Offset(4), by: "state/0/x.snapshot")]
    }
    let log = try test.open(opening: opening)
    #expect(try log.everything() == messages(1...2))
    #expect(await code { try await log.append(messages(5...5)) } == .partitionReadOnly)
    #expect(log.findings.contains { "\($0)".contains("state/0/x.snapshot") })
    log.close()
    #expect(try test.contents() == before)
  }

  @Test("a partition that is emptied, though others know of it, is read-only and not begun anew")
  func emptied() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2)])
    try test.restore([:])
    var opening = OpeningContext()
    opening.statements = { _ in
      [DurableStatement(partition: PartitionID(0), durable: Offset(2), by: "a snapshot")]
    }
    let log = try test.open(opening: opening)
    #expect(await code { try log.everything() } == .logCorrupt)
    #expect(await code { try await log.append(messages(5...5)) } == .partitionReadOnly)
    log.close()
    #expect(try test.names().isEmpty)
  }

  @Test("a partition whose files can't be read costs itself, by name, and no file of it")
  func unreadable() async throws {
    let disk = SimDisk(seed: 1)
    try LogFolder(files: disk, path: "/log").create(partitions: 3, options: SegmentLogOptions())
    let options = SegmentLogOptions(segmentBytes: 4096, firstSegmentBytes: 4096, reserveBytes: 512)
    func open() throws(DaybookError) -> SegmentedLog {
      try SegmentedLog.open(
        in: "/log", options: options, scanner: TestScanner(), files: disk, logger: .silent)
    }
    let log = try open()
    for index in 0..<3 { _ = try await log.append(messages(1...4), to: PartitionID(index)) }
    log.close()
    let before = try disk.folder("/log/1").sorted.map(\.name)
    disk.faults = [DiskFault(kind: .broken, range: 0..<Int.max, path: "/log/1")]
    let hurt = try open()
    #expect(await code { try hurt.everything(PartitionID(1)) } == .logCorrupt)
    #expect(
      await code { try await hurt.append(messages(5...5), to: PartitionID(1)) }
        == .partitionReadOnly)
    #expect(hurt.findings.contains { "\($0)".contains("/log/1") })
    for index in [0, 2] {
      _ = try await hurt.append(messages(5...6), to: PartitionID(index))
      #expect(try hurt.everything(PartitionID(index)) == messages(1...6))
    }
    hurt.close()
    #expect(try disk.folder("/log/1").sorted.map(\.name) == before)
    disk.faults = []
    let whole = try open()
    #expect(try whole.everything(PartitionID(1)) == messages(1...4))
    whole.close()
  }

  @Test("starts that log nothing leave nothing; each that logs leaves one segment, and all is read")
  func shortRuns() async throws {
    let test = try TestLog()
    for _ in 0..<20 { try test.open().close() }
    #expect(try test.names() == [FileNames.watermark])
    for run in UInt64(0)..<30 { try await test.write([messages(run * 2 + 1...run * 2 + 2)]) }
    let names = try test.names()
    #expect(names.count { $0.hasSuffix(FileNames.segmentSuffix) } == 30)
    for _ in 0..<20 { try test.open().close() }
    #expect(try test.names() == names)
    let log = try test.open()
    #expect(log.findings.isEmpty)
    #expect(try log.everything() == messages(1...60))
    let found = try log.postings(zero, stream: 3, from: Seq(1), through: Seq(60), limit: 100)
    #expect(found.map(\.value) == Array(1...60))
    log.close()
    #expect(try test.reader().verify() == VerifyReport(events: 60, partitions: 1, faults: []))
  }

  @Test("a file with the next segment's name is never taken over, and never lost")
  func takenName() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2)])
    let log = try test.open()
    let name = FileNames.segment(Offset(2))
    try test.replace(name, with: [1, 2, 3])
    _ = try await log.append(messages(3...4))
    #expect(try log.everything() == messages(1...4))
    log.close()
    let kept = try #require(try test.names().first { $0.hasPrefix(name) && $0 != name })
    #expect(try test.bytes(kept) == [1, 2, 3])
    let again = try test.open()
    #expect(try again.everything() == messages(1...4))
    again.close()
  }

  @Test("an index that is cut or rots under a running owner costs the time to make it anew")
  func lostIndex() async throws {
    // Indexes too large to be kept in memory, and one small enough to be.
    let test = try TestLog(
      options: SegmentLogOptions(
        segmentBytes: 32 << 10, firstSegmentBytes: 32 << 10, reserveBytes: 4096))
    try await test.write((UInt64(0)..<60).map { messages($0 * 40 + 1...$0 * 40 + 40) })
    try await test.write([messages(2401...2404)])
    try await test.write([messages(2405...2408)])
    let log = try test.open()
    func found() throws -> [UInt64] {
      try log.postings(zero, stream: 3, from: Seq(1), through: Seq(2408), limit: 3000).map(\.value)
    }
    #expect(try found() == Array(1...2408))
    let indexes = try test.names().filter { $0.hasSuffix(FileNames.indexSuffix) }
    let sizes = try indexes.map { try test.bytes($0).count }
    #expect(sizes.contains { $0 > SealedIndex.heldBytesMax })
    #expect(sizes.contains { $0 <= SealedIndex.heldBytesMax })
    for name in indexes { #expect(truncate(test.path(name), 0) == 0) }
    #expect(try found() == Array(1...2408))
    #expect(try log.everything() == messages(1...2408))
    log.close()
  }

  @Test("who removes the lock file does not let a second owner in")
  func lockRemoved() async throws {
    let test = try TestLog()
    let path = test.root + "/lock"
    let lock = try FolderLock(path, guarding: test.folder)
    try FileManager.default.removeItem(atPath: path)
    #expect(await code { try FolderLock(path, guarding: test.folder) } == .dataFolderInUse)
    lock.release()
    try FolderLock(path, guarding: test.folder).release()
  }
}
