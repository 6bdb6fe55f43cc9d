import DaybookModel
import Doubles
import Files
import Foundation
import NIOCore
import Ports
import Testing

@testable import Server

@Suite("snapshot files")
struct SnapshotFileTests {
  private let seal = MemoryLog(partitions: 1).seal

  private func with(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "daybook-snapshots-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try body(folder.path)
  }

  private let snapshot = StateSnapshot(
    last: BatchMark(base: Offset(40), next: Offset(44), hash: 5),
    state: ByteBuffer(string: "the state"))

  @Test("state how far their partitions were durable, by their headers alone")
  func statements() throws {
    try with { folder in
      let store = SnapshotFiles(folder: folder, seal: seal)
      try store.save(snapshot, of: PartitionID(1))
      let stated = DurableStatement(
        partition: PartitionID(1), durable: Offset(44),
        by: "state/1/00000000000000000044.snapshot")
      #expect(store.statements(partitionCount: 3) == [stated])
      // Torn behind the header: no snapshot any more, and yet it was written when that was durable.
      #expect(truncate("\(folder)/1/00000000000000000044.snapshot", 50) == 0)
      #expect(store.statements(partitionCount: 3) == [stated])
      #expect(store.load(PartitionID(1)).map { _ in 1 } == nil)
    }
  }

  @Test("of another log, of another partition, cut or changed anywhere are none and state nothing")
  func foreign() throws {
    try with { folder in
      let store = SnapshotFiles(folder: folder, seal: seal)
      try store.save(snapshot, of: PartitionID(0))
      let file = "\(folder)/0/00000000000000000044.snapshot"
      let whole = try #require(FileManager.default.contents(atPath: file))
      let other = SnapshotFiles(folder: folder, seal: LogSeal { _ in 77 })
      #expect(other.load(PartitionID(0)).map { _ in 1 } == nil)
      #expect(other.statements(partitionCount: 1).isEmpty)
      for at in whole.indices {
        var changed = whole
        changed[at] ^= 1
        try changed.write(to: URL(fileURLWithPath: file))
        #expect(store.load(PartitionID(0)).map { _ in 1 } == nil, "byte \(at)")
        if at < 48 { #expect(store.statements(partitionCount: 1).isEmpty, "byte \(at)") }
        try whole.prefix(at).write(to: URL(fileURLWithPath: file))
        #expect(store.load(PartitionID(0)).map { _ in 1 } == nil, "cut at \(at)")
      }
      try FileManager.default.createDirectory(
        atPath: "\(folder)/1", withIntermediateDirectories: true)
      try whole.write(to: URL(fileURLWithPath: "\(folder)/1/00000000000000000044.snapshot"))
      try whole.write(to: URL(fileURLWithPath: file))
      #expect(store.load(PartitionID(1)).map { _ in 1 } == nil)
      #expect(store.load(PartitionID(0))?.state == snapshot.state)
    }
  }
}
