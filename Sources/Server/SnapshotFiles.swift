package import DaybookModel
import Foundation
import NIOCore
package import Ports

/// Snapshots as files: `<data>/state/<partition>/<next offset, 20 digits>.snapshot`, a header and
/// the state, sealed with the log's seal. Derived data: of a torn file or a missing one there is
/// simply no snapshot. Yet each states how far its partition was durable.
package final class SnapshotFiles: SnapshotStore {
  private let folder: String
  private let seal: LogSeal

  package init(folder: String, seal: LogSeal) {
    self.folder = folder
    self.seal = seal
  }

  package func load(_ partition: PartitionID) -> StateSnapshot? {
    for name in names(partition).sorted().reversed() {
      guard let data = FileManager.default.contents(atPath: "\(path(partition))/\(name)"),
        let snapshot = unsealed(data, partition)
      else { continue }
      return snapshot
    }
    return nil
  }

  package func save(_ snapshot: StateSnapshot, of partition: PartitionID) throws(DaybookError) {
    let digits = String(snapshot.next.rawValue)
    let name = String(repeating: "0", count: 20 - digits.count) + digits + Self.suffix
    do {
      try FileManager.default.createDirectory(
        atPath: path(partition), withIntermediateDirectories: true)
      // Atomic: written beside, then renamed. Not synced, for a torn one is noticed by its hash.
      try sealed(snapshot, partition).write(
        to: URL(fileURLWithPath: "\(path(partition))/\(name)"), options: .atomic)
      // Later ones too: they are of a log that was rolled back since.
      for other in names(partition) where other != name {
        try FileManager.default.removeItem(atPath: "\(path(partition))/\(other)")
      }
    } catch {
      let full = (error as NSError).code == CocoaError.fileWriteOutOfSpace.rawValue
      throw DaybookError(
        full ? .storageFull : .storageFailed, "the snapshot \(name) can't be written",
        cause: error)
    }
  }

  // MARK: files

  private static let suffix = ".snapshot"

  private func path(_ partition: PartitionID) -> String { "\(folder)/\(partition)" }

  private func names(_ partition: PartitionID) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: path(partition))) ?? []
    return all.filter { $0.hasSuffix(Self.suffix) }
  }

  /// Magic (u32), partition (u32), of the last batch its base offset (i64), its next offset (i64) and
  /// its hash (u64), length of the state (u64), its seal (u32), and the seal of all these (u32),
  /// little-endian.
  private static let magic: UInt32 = 0x3353_5944  // "DYS3"
  private static let headerBytes = 48
  /// Before, there was no base offset. Such a snapshot is not loaded, yet what it states holds.
  private static let magicBefore: UInt32 = 0x3253_5944  // "DYS2"
  private static let headerBytesBefore = 40

  private struct Header {
    var partition: PartitionID
    var base: Offset?
    var next: Offset
    var hash: UInt64
    var length: UInt64
    var stateSeal: UInt32
  }

  private func sealed(_ snapshot: StateSnapshot, _ partition: PartitionID) -> Data {
    var sealed = ByteBuffer()
    sealed.writeInteger(Self.magic, endianness: .little)
    sealed.writeInteger(UInt32(partition.rawValue), endianness: .little)
    sealed.writeInteger(snapshot.last.base.rawValue, endianness: .little)
    sealed.writeInteger(snapshot.last.next.rawValue, endianness: .little)
    sealed.writeInteger(snapshot.last.hash, endianness: .little)
    sealed.writeInteger(UInt64(snapshot.state.readableBytes), endianness: .little)
    sealed.writeInteger(
      snapshot.state.withUnsafeReadableBytes { seal($0) }, endianness: .little)
    sealed.writeInteger(sealed.withUnsafeReadableBytes { seal($0) }, endianness: .little)
    sealed.writeImmutableBuffer(snapshot.state)
    return Data(sealed.readableBytesView)
  }

  /// Nil for what is not of this log and partition, or was changed.
  private func header(_ bytes: ByteBuffer, _ partition: PartitionID) -> Header? {
    var bytes = bytes
    guard let magic = bytes.readInteger(endianness: .little, as: UInt32.self),
      magic == Self.magic || magic == Self.magicBefore
    else { return nil }
    let isCurrent = magic == Self.magic
    let length = isCurrent ? Self.headerBytes : Self.headerBytesBefore
    guard let covered = bytes.getSlice(at: 0, length: length - 4),
      let owner = bytes.readInteger(endianness: .little, as: UInt32.self),
      owner == UInt32(partition.rawValue),
      let base = isCurrent ? bytes.readInteger(endianness: .little, as: Int64.self) : -1,
      let next = bytes.readInteger(endianness: .little, as: Int64.self),
      let hash = bytes.readInteger(endianness: .little, as: UInt64.self),
      let stateBytes = bytes.readInteger(endianness: .little, as: UInt64.self),
      let stateSeal = bytes.readInteger(endianness: .little, as: UInt32.self),
      let headerSeal = bytes.readInteger(endianness: .little, as: UInt32.self),
      headerSeal == covered.withUnsafeReadableBytes({ seal($0) })
    else { return nil }
    return Header(
      partition: partition, base: isCurrent ? Offset(base) : nil, next: Offset(next), hash: hash,
      length: stateBytes, stateSeal: stateSeal)
  }

  private func unsealed(_ data: Data, _ partition: PartitionID) -> StateSnapshot? {
    let bytes = ByteBuffer(bytes: data)
    guard let header = header(bytes, partition), let base = header.base,
      let state = bytes.getSlice(
        at: Self.headerBytes, length: bytes.readableBytes - Self.headerBytes),
      UInt64(state.readableBytes) == header.length,
      state.withUnsafeReadableBytes({ seal($0) }) == header.stateSeal
    else { return nil }
    return StateSnapshot(
      last: BatchMark(base: base, next: header.next, hash: header.hash), state: state)
  }

  // MARK: what they state

  /// How far each partition was durable when a snapshot of it was kept. The header alone says so,
  /// for a snapshot is not synced. A file that can't be read states nothing.
  package func statements(partitionCount: Int) -> [DurableStatement] {
    (0..<partitionCount).flatMap { index -> [DurableStatement] in
      let partition = PartitionID(index)
      return names(partition).compactMap { name -> DurableStatement? in
        let file = "\(path(partition))/\(name)"
        guard let handle = FileHandle(forReadingAtPath: file),
          let start = try? handle.read(upToCount: Self.headerBytes),
          let header = header(ByteBuffer(bytes: start), partition)
        else { return nil }
        return DurableStatement(
          partition: partition, durable: header.next, by: "state/\(index)/\(name)")
      }
    }
  }
}
