import DaybookModel
import Files
import Ports
import Testing

@testable import SegmentLog

@Suite("A small log, damaged in every way there is")
struct SweepTests {
  /// Files that belong to no partition, and whose loss may keep the log from being opened.
  private static let mayRefuse = ["manifest.json", "epoch"]

  private func mayRefuse(_ path: String) -> Bool {
    SweepTests.mayRefuse.contains { path.hasSuffix("/" + $0) }
  }

  private func isDerived(_ path: String) -> Bool {
    path.hasSuffix(FileNames.indexSuffix) || path.hasSuffix("/" + FileNames.reserve)
      || path.hasSuffix("/" + FileNames.watermark)
  }

  @Test("any bit of any file: nothing is missing without a word, and the other partition serves")
  func everyBit() throws {
    let small = try SmallLog()
    for (path, partition) in small.files
    where partition != 1 && !path.hasSuffix("/" + FileNames.reserve) {
      let used = try small.disk.file(path).disk.lastIndex { $0 != 0 } ?? 0
      // Every byte of what says which log this is.
      let stride = mayRefuse(path) ? 1 : StorageSeeds.sweepStride
      for at in Swift.stride(from: 0, through: used, by: stride) {
        for bit in StorageSeeds.isChosen ? Array(0..<8) : [at % 8] {
          let damaged = small.disk.copy(seed: 1)
          try damaged.file(path).rot(at..<at + 1) { $1 ^ 1 << UInt8(bit) }
          let found = small.judge(
            damaged, partition: partition, isDerived: isDerived(path), mayRefuse: mayRefuse(path))
          #expect(found == [], "bit \(bit) of byte \(at) of \(path)")
        }
      }
    }
  }

  @Test("any segment cut at any byte")
  func everyCut() throws {
    let small = try SmallLog()
    for (path, partition) in small.files
    where path.hasSuffix(FileNames.segmentSuffix) && partition == 0 {
      let used = try small.disk.file(path).disk.lastIndex { $0 != 0 } ?? 0
      for length in stride(from: 0, through: used, by: StorageSeeds.sweepStride) {
        let damaged = small.disk.copy(seed: 1)
        try damaged.file(path).truncate(to: length)
        damaged.root.syncAll()
        let found = small.judge(damaged, partition: partition, mayRefuse: false)
        #expect(found == [], "\(path) cut to \(length) bytes")
      }
    }
  }

  @Test("any one file removed, emptied, cut in half, unreadable, or swapped with its neighbour")
  func everyFile() throws {
    let small = try SmallLog()
    for (path, partition) in small.files {
      for damage in FileDamage.allCases {
        let damaged = small.disk.copy(seed: 1)
        guard try damage.done(to: path, on: damaged) else { continue }
        let found = small.judge(
          damaged, partition: partition, isDerived: isDerived(path), mayRefuse: mayRefuse(path))
        #expect(found == [], "\(path) \(damage)")
      }
    }
  }

  @Test(
    "the power goes, or a call fails, at any operation of a life and of the opening after it",
    arguments: [DiskFault.Kind?.none, .broken, .full, .outOfFiles])
  func everyOperation(_ kind: DiskFault.Kind?) throws {
    let small = try SmallLog()
    let count = try operations(of: small.disk.copy(seed: 1))
    for operation in 1...count {
      let disk = small.disk.copy(seed: UInt64(operation))
      if let kind {
        let length = kind == .broken ? 1 : 5
        disk.faults = [DiskFault(kind: kind, range: operation..<operation + length)]
      } else {
        disk.diesAt = operation
      }
      let acked = live(disk)
      disk.losePower()
      let again = try StorageOwner(disk, SmallLog.folder, SmallLog.options)
      #expect(again.damaged == [], "operation \(operation)")
      let contents = try again.log.contents(PartitionID(0))
      let submitted = small.events[0] + SweepTests.added
      #expect(contents == Array(submitted.prefix(contents.count)), "operation \(operation)")
      #expect(contents.count >= small.events[0].count + acked, "operation \(operation)")
      again.log.close()
    }
  }

  private static let added = messages(200...217)

  private func operations(of disk: SimDisk) throws -> Int {
    let acked = live(disk)
    #expect(acked == SweepTests.added.count)
    return disk.operations
  }

  /// Opens, appends over the end of a segment, closes; how many of the events added were acked.
  private func live(_ disk: SimDisk) -> Int {
    guard let owner = try? StorageOwner(disk, SmallLog.folder, SmallLog.options) else { return 0 }
    nonisolated(unsafe) var acked = 0
    for batch in 0..<6 {
      let events = Array(SweepTests.added[batch * 3..<batch * 3 + 3])
      owner.log.append(makeBatch(events, generation: 1), to: PartitionID(0)) {
        if case .success = $0 { acked += events.count }
      }
      owner.commit()
    }
    owner.log.close()
    return acked
  }
}

/// What may become of a file.
enum FileDamage: CaseIterable {
  case removed, emptied, halved, unreadable, swapped

  /// False where it can't be done to this one.
  func done(to path: String, on disk: SimDisk) throws -> Bool {
    let (folder, name) = try disk.place(path)
    let file = try disk.file(path)
    switch self {
    case .removed: folder.remove(name)
    case .emptied: file.truncate(to: 0)
    case .halved: file.truncate(to: file.disk.count / 2)
    case .unreadable:
      disk.faults = [DiskFault(kind: .broken, range: 0..<Int.max, path: path)]
      return true
    case .swapped:
      let suffix = name.drop { $0 != "." }
      guard
        let other = folder.entries.keys.sorted().first(where: {
          $0 != name && !suffix.isEmpty && $0.hasSuffix(suffix)
        })
      else { return false }
      folder.rename(name, to: "swap")
      folder.rename(other, to: name)
      folder.rename("swap", to: other)
    }
    disk.root.syncAll()
    return true
  }
}
