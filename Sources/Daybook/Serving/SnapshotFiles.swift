import DaybookModel
import Foundation
import NIOCore
import Ports

/// Snapshots as files: `<data>/state/<partition>/<next offset, 20 digits>.snapshot`, each 16 bytes
/// of length and `StableHash` (little-endian) and then the state. Derived data: of a torn file or
/// a missing one there is simply no snapshot.
final class SnapshotFiles: SnapshotStore {
  private let folder: String

  init(folder: String) { self.folder = folder }

  func load(_ partition: PartitionID) -> StateSnapshot? {
    for name in names(partition).sorted().reversed() {
      guard let next = Int64(name.dropLast(Self.suffix.count)),
        let data = FileManager.default.contents(atPath: "\(path(partition))/\(name)"),
        let state = Self.unseal(data)
      else { continue }
      return StateSnapshot(next: Offset(next), state: state)
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
      try Self.seal(snapshot.state).write(
        to: URL(fileURLWithPath: "\(path(partition))/\(name)"), options: .atomic)
      for older in names(partition) where older < name {
        try FileManager.default.removeItem(atPath: "\(path(partition))/\(older)")
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

  private static func seal(_ state: ByteBuffer) -> Data {
    var sealed = ByteBuffer()
    sealed.writeInteger(UInt64(state.readableBytes), endianness: .little)
    sealed.writeInteger(hash(state), endianness: .little)
    sealed.writeImmutableBuffer(state)
    return Data(sealed.readableBytesView)
  }

  private static func unseal(_ data: Data) -> ByteBuffer? {
    var sealed = ByteBuffer(bytes: data)
    guard let length = sealed.readInteger(endianness: .little, as: UInt64.self),
      let expected = sealed.readInteger(endianness: .little, as: UInt64.self),
      length == UInt64(sealed.readableBytes), hash(sealed) == expected
    else { return nil }
    return sealed.slice()
  }

  private static func hash(_ state: ByteBuffer) -> UInt64 {
    var hash = StableHash()
    state.withUnsafeReadableBytes { hash.combine($0) }
    return hash.finish()
  }
}
