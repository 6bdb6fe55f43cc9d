import DaybookModel
import Doubles
import Foundation
import NIOCore
import Ports
import Testing

@testable import Server

/// Every store of snapshots.
enum SnapshotStoreKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case files, memory

  var testDescription: String { rawValue }

  func with(_ body: (any SnapshotStore) throws -> Void) throws {
    switch self {
    case .memory: try body(MemorySnapshots())
    case .files:
      let folder = FileManager.default.temporaryDirectory.appending(
        path: "daybook-claims-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try body(SnapshotFiles(folder: folder.path, seal: MemoryLog(partitions: 1).seal))
    }
  }
}

@Suite("every snapshot store")
struct SnapshotStoreTests {
  private func snapshot(_ next: Int64, _ state: String) -> StateSnapshot {
    StateSnapshot(
      last: BatchMark(base: Offset(next - 1), next: Offset(next), hash: UInt64(next) << 40),
      state: ByteBuffer(string: state))
  }

  private func isSame(_ a: StateSnapshot?, _ b: StateSnapshot) -> Bool {
    a?.last == b.last && a?.state == b.state
  }

  @Test(
    "has what was saved last, for each partition its own", arguments: SnapshotStoreKind.allCases)
  func newest(_ kind: SnapshotStoreKind) throws {
    try kind.with { store in
      #expect(store.load(PartitionID(0)).map { _ in 1 } == nil)
      try store.save(snapshot(7, "first"), of: PartitionID(0))
      try store.save(snapshot(9, "second"), of: PartitionID(0))
      try store.save(snapshot(3, ""), of: PartitionID(2))
      #expect(isSame(store.load(PartitionID(0)), snapshot(9, "second")))
      #expect(store.load(PartitionID(1)).map { _ in 1 } == nil)
      #expect(isSame(store.load(PartitionID(2)), snapshot(3, "")))
    }
  }
}
