import DaybookModel
import Foundation
import NIOCore
import Ports

/// Snapshots as files: `<data>/state/<partition>/<next offset, 20 digits>.snapshot`, each 24 bytes
/// of length, `StableHash` and mark (little-endian) and then the state. Derived data: of a torn file or
/// a missing one there is simply no snapshot.
final class SnapshotFiles: SnapshotStore {
  private let folder: String

  init(folder: String) { self.folder = folder }

  func load(_ partition: PartitionID) -> StateSnapshot? {
    for name in names(partition).sorted().reversed() {
      guard let next = Int64(name.dropLast(Self.suffix.count)),
        let data = FileManager.default.contents(atPath: "\(path(partition))/\(name)"),
        let snapshot = Self.unseal(data, next: Offset(next))
      else { continue }
      return snapshot
    }
    return nil
  }

  func save(_ snapshot: StateSnapshot, of partition: PartitionID) throws(DaybookError) {
    let digits = String(snapshot.next.rawValue)
    let name = String(repeating: "0", count: 20 - digits.count) + digits + Self.suffix
    do {
      try FileManager.default.createDirectory(
        atPath: path(partition), withIntermediateDirectories: true)
      // Atomic: written beside, then renamed. Not synced, for a torn one is noticed by its hash.
      try Self.seal(snapshot).write(
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

  private static func seal(_ snapshot: StateSnapshot) -> Data {
    var sealed = ByteBuffer()
    sealed.writeInteger(UInt64(snapshot.state.readableBytes), endianness: .little)
    sealed.writeInteger(hash(snapshot), endianness: .little)
    sealed.writeInteger(snapshot.mark, endianness: .little)
    sealed.writeImmutableBuffer(snapshot.state)
    return Data(sealed.readableBytesView)
  }

  private static func unseal(_ data: Data, next: Offset) -> StateSnapshot? {
    var sealed = ByteBuffer(bytes: data)
    guard let length = sealed.readInteger(endianness: .little, as: UInt64.self),
      let expected = sealed.readInteger(endianness: .little, as: UInt64.self),
      let mark = sealed.readInteger(endianness: .little, as: UInt64.self),
      length == UInt64(sealed.readableBytes)
    else { return nil }
    let snapshot = StateSnapshot(next: next, mark: mark, state: sealed.slice())
    return hash(snapshot) == expected ? snapshot : nil
  }

  private static func hash(_ snapshot: StateSnapshot) -> UInt64 {
    var hash = StableHash(seed: snapshot.mark)
    hash.combine(UInt64(snapshot.next.rawValue))
    snapshot.state.withUnsafeReadableBytes { hash.combine($0) }
    return hash.finish()
  }
}
