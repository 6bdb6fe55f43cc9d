import DaybookModel
import Doubles
import Foundation
import GRDB
import Ports
import Testing

@testable import Projections

@Suite struct StatementTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 3)

  init() throws {
    folder = try TemporaryFolder()
    var scenario = Scenario(seed: 41, partitions: 3)
    log.append(scenario.events(200))
  }

  private func statements(
    in path: String? = nil, of logID: String = "memory", partitions: Int = 3, seal: LogSeal? = nil
  ) -> [DurableStatement] {
    ProjectionStatements.durable(
      in: path ?? folder.path, logID: logID, partitionCount: partitions, seal: seal ?? log.seal)
  }

  private var expected: [DurableStatement] {
    ProjectionName.allCases.flatMap { name in
      (0..<3).map { index in
        DurableStatement(
          partition: PartitionID(index), durable: log.highWatermark(of: PartitionID(index)),
          by: ProjectionFolder(folder.path).path(name))
      }
    }
  }

  private func contents(_ folder: String) throws -> [String: Data] {
    var contents: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      contents[name] = FileManager.default.contents(atPath: "\(folder)/\(name)")
    }
    return contents
  }

  @Test("files that were closed state their checkpoints, and stay as they are")
  func closed() throws {
    let engine = try makeEngine(log, folder)
    try engine.catchUp()
    engine.close()
    let before = try contents(folder.path)
    #expect(statements() == expected)
    #expect(try contents(folder.path) == before)
  }

  @Test("so do those that a process left open, which stand in a WAL")
  func leftOpen() throws {
    let engine = try makeEngine(log, folder)
    try engine.catchUp()
    let crashed = try TemporaryFolder()
    for (name, data) in try contents(folder.path) {
      try data.write(to: URL(fileURLWithPath: "\(crashed.path)/\(name)"))
    }
    let before = try contents(crashed.path)
    #expect(before.keys.contains { $0.hasSuffix("-wal") })
    #expect(statements(in: crashed.path).map(\.durable) == expected.map(\.durable))
    #expect(try contents(crashed.path) == before)
    for name in ProjectionName.allCases {
      try FileManager.default.removeItem(atPath: ProjectionFolder(crashed.path).path(name) + "-shm")
    }
    #expect(statements(in: crashed.path).map(\.durable) == expected.map(\.durable))
    engine.close()
  }

  @Test("what is not this log's, is changed, damaged or no file states nothing")
  func nothing() throws {
    #expect(statements(in: folder.path + "/none").isEmpty)
    let engine = try makeEngine(log, folder)
    try engine.catchUp()
    engine.close()
    #expect(statements(of: "log-b").isEmpty)
    #expect(statements(partitions: 4).isEmpty)
    #expect(statements(seal: LogSeal { _ in 1 }).isEmpty)
    let paths = ProjectionFolder(folder.path)
    for sql in [
      "UPDATE projection SET events = events + 1", "UPDATE projection SET seal = seal + 1",
      "UPDATE projection SET log_id = 'log-b'", "UPDATE projection SET name = 'offline'",
      "UPDATE checkpoints SET next_offset = next_offset + 8 WHERE partition = 1",
      "UPDATE checkpoints SET partition = 7 WHERE partition = 2", "DELETE FROM checkpoints",
      "UPDATE projection SET state_hash = 'x'", "DELETE FROM projection",
    ] {
      let copy = try TemporaryFolder()
      let path = ProjectionFolder(copy.path).path(.unread)
      try FileManager.default.copyItem(atPath: paths.path(.unread), toPath: path)
      #expect(statements(in: copy.path).count == 3)
      let queue = try DatabaseQueue(path: path)
      try queue.write { try $0.execute(sql: sql) }
      try queue.close()
      #expect(statements(in: copy.path).isEmpty, "\(sql)")
    }
    try Data("no database".utf8).write(to: URL(fileURLWithPath: paths.path(.history)))
    try FileManager.default.removeItem(atPath: paths.path(.offline))
    try FileManager.default.createDirectory(
      atPath: paths.path(.offline), withIntermediateDirectories: true)
    let left = Set(statements().map(\.by))
    #expect(left == Set([ProjectionName.unread, .receipts, .directory].map(paths.path)))
  }
}
