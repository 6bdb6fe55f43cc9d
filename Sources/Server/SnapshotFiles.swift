package import DaybookModel
package import Files
import NIOCore
package import Ports

/// Snapshots as files: `<data>/state/<partition>/<next offset, 20 digits>.snapshot`, a header and
/// the state, sealed with the log's seal (drawn in `schemas/data-folder.md`). Derived data: of a torn
/// file or a missing one there is simply no snapshot. Yet each states how far its partition was
/// durable.
package final class SnapshotFiles: SnapshotStore {
  private let folder: String
  private let seal: LogSeal
  private let files: any FileSystem

  package init(
    folder: String, seal: LogSeal, files: any FileSystem = PosixFileSystem()
  ) {
    self.folder = folder
    self.seal = seal
    self.files = files
  }

  package func load(_ partition: PartitionID) -> StateSnapshot? {
    for name in names(partition).sorted().reversed() {
      let file = "\(path(partition))/\(name)"
      guard let bytes = try? files.contents(of: file, bytesMax: .max),
        let snapshot = unsealed(ByteBuffer(bytes: bytes), partition)
      else { continue }
      return snapshot
    }
    return nil
  }

  package func save(_ snapshot: StateSnapshot, of partition: PartitionID) throws(DaybookError) {
    let digits = String(snapshot.next.rawValue)
    let name = String(repeating: "0", count: 20 - digits.count) + digits + Self.suffix
    do throws(FileError) {
      try files.makeFolderIfAbsent(folder)
      try files.makeFolderIfAbsent(path(partition))
      // Not synced, for a torn one is noticed by its seal.
      let header = header(of: snapshot, partition)
      try files.make(name, in: path(partition)) { (file) throws(FileError) in
        try files.write(file, header, at: 0)
        try write(snapshot.state, to: file)
      }
      // Later ones too: they are of a log that was rolled back since.
      for other in names(partition) where other != name {
        try files.remove("\(path(partition))/\(other)")
      }
    } catch {
      throw error.asDaybookError
    }
  }

  // MARK: files

  private static let suffix = ".snapshot"

  private func path(_ partition: PartitionID) -> String { "\(folder)/\(partition)" }

  /// None of a folder that can't be listed: what it may hold is derived.
  private func names(_ partition: PartitionID) -> [String] {
    ((try? files.list(path(partition))) ?? []).filter { $0.hasSuffix(Self.suffix) }
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

  private func header(of snapshot: StateSnapshot, _ partition: PartitionID) -> [UInt8] {
    var header = ByteBuffer()
    header.reserveCapacity(Self.headerBytes)
    header.writeInteger(Self.magic, endianness: .little)
    header.writeInteger(UInt32(partition.rawValue), endianness: .little)
    header.writeInteger(snapshot.last.base.rawValue, endianness: .little)
    header.writeInteger(snapshot.last.next.rawValue, endianness: .little)
    header.writeInteger(snapshot.last.hash, endianness: .little)
    header.writeInteger(UInt64(snapshot.state.readableBytes), endianness: .little)
    header.writeInteger(
      snapshot.state.withUnsafeReadableBytes { seal($0) }, endianness: .little)
    header.writeInteger(header.withUnsafeReadableBytes { seal($0) }, endianness: .little)
    return Array(header.readableBytesView)
  }

  private func write(_ state: ByteBuffer, to file: File) throws(FileError) {
    let written: Result<Void, FileError> = state.withUnsafeReadableBytes { bytes in
      Result { () throws(FileError) in
        try files.write(file, bytes, at: UInt64(Self.headerBytes))
      }
    }
    try written.get()
  }

  /// Nil for what is not of this log and partition, or was changed.
  private func header(_ bytes: ByteBuffer, _ partition: PartitionID) -> Header? {
    let whole = bytes
    var bytes = bytes
    guard let magic = bytes.readInteger(endianness: .little, as: UInt32.self),
      magic == Self.magic || magic == Self.magicBefore
    else { return nil }
    let isCurrent = magic == Self.magic
    let length = isCurrent ? Self.headerBytes : Self.headerBytesBefore
    guard let covered = whole.getSlice(at: whole.readerIndex, length: length - 4),
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

  private func unsealed(_ bytes: ByteBuffer, _ partition: PartitionID) -> StateSnapshot? {
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
        guard let start = try? files.start(of: file, bytesMax: Self.headerBytes),
          let header = header(ByteBuffer(bytes: start), partition)
        else { return nil }
        return DurableStatement(
          partition: partition, durable: header.next, by: "state/\(index)/\(name)")
      }
    }
  }
}
