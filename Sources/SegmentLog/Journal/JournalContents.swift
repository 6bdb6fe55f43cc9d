import DaybookModel
import Files
import Glibc

/// All that a log's journal holds, whoever wrote it: batches, each for a place in a segment.
///
/// Records are taken as each is right by itself. That one is missing shows where a partition then
/// ends below what is stated of it (`DurableFloor`), by later records too.
struct JournalContents: Sendable {
  struct Batch: Sendable, Equatable {
    var segmentBase: Offset
    var position: UInt64
    var header: BatchHeader
    var bytes: ArraySlice<UInt8>
  }

  struct Fault: Equatable, Sendable {
    /// Path of the file.
    var path: String
    var reason: String
  }

  struct FileInfo: Equatable, Sendable {
    var path: String
    /// Of which it has batches.
    var partitions: Set<PartitionID> = []
  }

  private(set) var files: [FileInfo] = []
  private(set) var faults: [Fault] = []
  /// What keeps it from being known what some file holds: of which partitions, and how much.
  private(set) var unknown: Fault?
  private var batches: [PartitionID: [Batch]] = [:]
  private var stated: [PartitionID: Offset] = [:]

  static let none = JournalContents()

  /// In the order of offsets.
  func batches(of partition: PartitionID) -> [Batch] { batches[partition] ?? [] }

  /// What was durable by what a record states.
  func durable(of partition: PartitionID) -> Offset { stated[partition] ?? .zero }

  /// Something else than this.
  func differs(from other: JournalContents) -> Bool {
    batches != other.batches || stated != other.stated || unknown != other.unknown
  }

  private init() {}

  /// Reads every file. Throws only where no file can be opened for now.
  init(_ files: any FileSystem, folder: String, _ manifest: Manifest) throws(FileError) {
    let names: [String]
    do throws(FileError) {
      names = try files.list(folder).filter { $0.hasSuffix(FileNames.journalSuffix) }.sorted()
    } catch {
      if error.isOutOfFiles { throw error }
      if error.number != ENOENT { unknown = Fault(path: folder, reason: "\(error)") }
      return
    }
    var found: [Found] = []
    for name in names {
      let path = "\(folder)/\(name)"
      do throws(FileError) {
        let bytes = try files.contents(of: path, bytesMax: Limits.journalReadBytesMax)
        take(JournalFileScan(bytes, manifest), of: name, path, bytes, &found)
      } catch {
        if error.isOutOfFiles { throw error }
        // Somebody may have removed it since the listing.
        if error.number == ENOENT { continue }
        unknown = Fault(path: path, reason: "\(error)")
        self.files.append(FileInfo(path: path))
      }
    }
    take(found, manifest)
  }

  private struct Found {
    /// Part of the file's name.
    var owner: Substring
    var record: JournalRecord
    var bytes: [UInt8]
  }

  private mutating func take(
    _ scan: JournalFileScan, of name: String, _ path: String, _ bytes: [UInt8],
    _ found: inout [Found]
  ) {
    let partitions = scan.records.flatMap { $0.entries.map(\.partition) }
    files.append(FileInfo(path: path, partitions: Set(partitions)))
    let owner = name.prefix(upTo: name.lastIndex(of: "-") ?? name.endIndex)
    for record in scan.records { found.append(Found(owner: owner, record: record, bytes: bytes)) }
    if let reason = scan.fault { faults.append(Fault(path: path, reason: reason)) }
    if scan.isUnknown { unknown = Fault(path: path, reason: "too much of it is damaged") }
  }

  private mutating func take(_ found: [Found], _ manifest: Manifest) {
    // A record is written once the one before it is synced: all but each owner's last are durable.
    var newest: [Substring: UInt64] = [:]
    for one in found { newest[one.owner] = max(newest[one.owner] ?? 0, one.record.number) }
    for one in found {
      for point in one.record.points { state(point.partition, point.end) }
      for entry in one.record.entries where entry.partition.index < manifest.partitions {
        let bytes = one.bytes[entry.bytes]
        let decoded = bytes.withUnsafeBytes { BatchHeader.decode($0, manifest.seed) }
        guard case .header(let header) = decoded, header.partition == entry.partition,
          header.batchBytes == bytes.count
        else { continue }
        let isSynced = one.record.number < newest[one.owner] ?? 0
        state(entry.partition, isSynced ? header.nextOffset : header.durableOffset)
        batches[entry.partition, default: []].append(
          Batch(
            segmentBase: entry.segmentBase, position: entry.position, header: header, bytes: bytes))
      }
    }
    for partition in batches.keys {
      batches[partition]?.sort {
        ($0.header.epoch, $0.header.baseOffset) < ($1.header.epoch, $1.header.baseOffset)
      }
    }
  }

  private mutating func state(_ partition: PartitionID, _ end: Offset) {
    stated[partition] = max(stated[partition] ?? .zero, end)
  }
}
