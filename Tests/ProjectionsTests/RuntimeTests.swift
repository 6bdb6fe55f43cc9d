import DaybookModel
import Doubles
import GRDB
import Ports
import Testing

@testable import Projections

@Suite struct RuntimeTests {
  @Test("a running server's projections follow the log, and those who wait are told")
  func follows() async throws {
    let folder = try TemporaryFolder()
    let log = MemoryLog(partitions: 4)
    var scenario = Scenario(seed: 11, partitions: 4)
    log.append(scenario.events(200))
    let runtime = ProjectionRuntime(log: log, folder: folder.path, logger: .silent)
    runtime.start()
    let queries = makeQueries(log, folder, runtime: runtime, timeout: .seconds(60))
    var teller = CommitTeller(log)
    for _ in 0..<20 {
      log.append(scenario.events(10))
      for batch in teller.next() { runtime.committed(batch) }
      let model = ReferenceModel(events: log.allEvents.flatMap { $0 })
      for user in scenario.users {
        let expected = model.unreadCounts(of: user)
        #expect(try await unreadCounts(queries, of: user) == expected)
      }
    }
    await runtime.stop()
    #expect(try stateHashes(log, folder) == hashesFromNothing(log))
  }

  private func hashesFromNothing(_ log: MemoryLog) throws -> [String] {
    let folder = try TemporaryFolder()
    try ProjectionCatalog(folder: folder.path, log: log, logger: .silent).catchUp()
    return try stateHashes(log, folder)
  }

  @Test("waiting for what isn't in the log yet ends in projection_behind")
  func behind() async throws {
    let folder = try TemporaryFolder()
    let log = MemoryLog(partitions: 1)
    let runtime = ProjectionRuntime(log: log, folder: folder.path, logger: .silent)
    runtime.start()
    let error = await #expect(throws: DaybookError.self) {
      try await runtime.waitUntil(
        covering: [PartitionID(0): Offset(1)], timeout: .milliseconds(1))
    }
    #expect(error?.code == .projectionBehind)
    await runtime.stop()
    let stopping = await #expect(throws: DaybookError.self) {
      try await runtime.waitUntil(covering: [PartitionID(0): Offset(1)], timeout: .seconds(60))
    }
    #expect(stopping?.code == .serverStopping)
  }

  @Test(
    "the state hash doesn't depend on how partitions interleave or chunks are cut",
    arguments: [1, 300, 5_000, 4 << 20])
  func interleavings(chunkBytes: Int) throws {
    let expected = try hashesFromNothing(scenarioLog(batchEvents: 7))
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
      let folder = try TemporaryFolder()
      let log = scenarioLog(batchEvents: 5)
      let engine = try makeEngine(log, folder, chunkBytes: chunkBytes)
      var folded = 1
      while folded > 0 {
        folded = 0
        for index in order { folded += engine.fold(PartitionID(index)) }
        try engine.commit()
      }
      #expect(try stateHashes(log, folder) == expected)
      engine.close()
    }
    // One partition after the other.
    let folder = try TemporaryFolder()
    let log = scenarioLog(batchEvents: 3)
    let engine = try makeEngine(log, folder, chunkBytes: chunkBytes)
    for index in 0..<4 { while engine.fold(PartitionID(index)) > 0 {} }
    try engine.commit()
    #expect(try stateHashes(log, folder) == expected)
  }

  private func scenarioLog(batchEvents: Int) -> MemoryLog {
    let log = MemoryLog(partitions: 4, batchEvents: batchEvents)
    var scenario = Scenario(seed: 5, partitions: 4)
    log.append(scenario.events(400))
    return log
  }

  @Test("a row is written at most once a commit, however many events concern it")
  func oneWriteARow() throws {
    let folder = try TemporaryFolder()
    let log = MemoryLog(partitions: 2)
    let engine = try makeEngine(log, folder)
    for name in ProjectionName.allCases { try watchWrites(name, folder) }
    var scenario = Scenario(seed: 6, partitions: 2)
    for _ in 0..<8 {
      log.append(scenario.events(100))
      try engine.catchUp()
      for name in ProjectionName.allCases {
        let most = try open(name, folder).writeWithoutTransaction { database in
          let most = try Int.fetchOne(
            database,
            sql: "SELECT max(n) FROM (SELECT count(*) AS n FROM writes GROUP BY tab, row)")
          try database.execute(sql: "DELETE FROM writes")
          return most
        }
        #expect(most == 1)
      }
    }
  }

  /// Notes every write of a row in a table of its own.
  private func watchWrites(_ name: ProjectionName, _ folder: TemporaryFolder) throws {
    let queue = try open(name, folder)
    try queue.write { database in
      let tables = try String.fetchAll(
        database,
        sql: """
          SELECT name FROM sqlite_master WHERE type = 'table'
            AND name NOT IN ('projection', 'checkpoints')
          """)
      try database.execute(sql: "CREATE TABLE writes(tab, row)")
      for table in tables {
        for kind in ["INSERT", "UPDATE"] {
          try database.execute(
            sql: """
              CREATE TRIGGER \(table)_\(kind) AFTER \(kind) ON \(table)
              BEGIN INSERT INTO writes VALUES ('\(table)', new.id); END
              """)
        }
      }
    }
  }

  @Test("a process that ends between commits leaves what the next one goes on from")
  func crash() throws {
    let folder = try TemporaryFolder()
    let log = MemoryLog(partitions: 3)
    var scenario = Scenario(seed: 7, partitions: 3)
    for round in 0..<6 {
      log.append(scenario.events(60))
      let engine = try makeEngine(log, folder, chunkBytes: 500)
      for index in 0..<3 { _ = engine.fold(PartitionID(index)) }
      // Some projections have committed what others have not, and then nothing more is written.
      try engine.projections[round % 3].commit()
      for index in 0..<3 { _ = engine.fold(PartitionID(index)) }
    }
    let engine = try makeEngine(log, folder)
    try engine.catchUp()
    #expect(try stateHashes(log, folder) == hashesFromNothing(log))
    #expect(
      try ProjectionCatalog(folder: folder.path, log: log, logger: .silent).verify().allSatisfy(
        \.isOK))
  }

  @Test("rows that left the cache are loaded again as they were")
  func eviction() throws {
    let folder = try TemporaryFolder()
    let file = try ProjectionFile(
      .offline, path: folder.path + "/x.sqlite", layouts: [StreamHead.layout],
      log: MemoryLog(partitions: 1))
    let table = RowTable<StreamHead>(rowsMax: 10)
    try table.attach(to: file)
    table.enter(PartitionID(0))
    for round in 1...3 {
      for index in 0..<50 {
        let stream = StreamKey.user(UserID(checked: "u\(index)"))
        let slot = try table.find(RowKey(stream), orMake: StreamHead(stream: stream.text))
        table.change(slot) { $0.head = $0.head.next }
      }
      try file.commit([table], checkpoints: [Offset(Int64(round))], events: 50)
    }
    let heads = try file.access {
      try Int64.fetchAll($0, sql: "SELECT head FROM streams")
    }
    #expect(heads == Array(repeating: 3, count: 50))
  }
}
