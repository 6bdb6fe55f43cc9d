import DaybookModel
import Doubles
import Foundation
import GRDB
import Ports
import Testing

@testable import Projections

/// Whatever becomes of a projection's file costs the time to make it anew, and nothing else.
@Suite("damaged projections", .timeLimit(.minutes(30))) struct DamageTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 3)
  private let told = RecordingLog()

  init() throws {
    folder = try TemporaryFolder()
    var scenario = Scenario(seed: 51, partitions: 3)
    log.append(scenario.events(150))
  }

  private var said: [String] { told.messages }

  private var heads: [PartitionID: Offset] {
    Dictionary(
      uniqueKeysWithValues: (0..<3).map {
        (PartitionID($0), log.highWatermark(of: PartitionID($0)))
      })
  }

  private func path(_ name: ProjectionName) -> String { ProjectionFolder(folder.path).path(name) }

  private var projections: ProjectionCatalog {
    ProjectionCatalog(folder: folder.path, log: log, logger: told.logger)
  }

  private func catchUp() throws {
    try projections.catchUp()
  }

  /// One of them alone is whole, and as a rebuild made it.
  private func isRight(_ name: ProjectionName, _ rebuilt: ProjectionStatus) throws -> Bool {
    let verdicts = try projections.verify(name)
    return verdicts.allSatisfy(\.isOK) && verdicts.map(\.status) == [rebuilt]
  }

  private func rebuilt(_ name: ProjectionName) throws -> ProjectionStatus {
    let apart = try TemporaryFolder()
    try ProjectionCatalog(folder: apart.path, log: log, logger: .silent).catchUp()
    return try ProjectionCatalog(folder: apart.path, log: log, logger: .silent).list(name)[0]
  }

  private func write(_ bytes: Data, _ name: ProjectionName, _ suffix: String = "") throws {
    try bytes.write(to: URL(fileURLWithPath: path(name) + suffix))
  }

  private func contents(_ name: ProjectionName) -> Data {
    FileManager.default.contents(atPath: path(name)) ?? Data()
  }

  private func isRight() throws -> Bool {
    try projections.verify().allSatisfy(\.isOK)
      && stateHashes(log, folder) == hashesOfRebuild(log)
  }

  @Test(
    "a row may say that there are fewer messages than are left to read, and nothing ends for it")
  func lowCounts() {
    var reader = GroupReader(stream: "group/g", user: "u")
    let left = MessageTally(all: 3, everyone: 1)
    reader.read(upTo: Seq(5), .leaves(left), of: GroupMessages(stream: "group/g"))
    #expect(reader.readSeq == Seq(5))
  }

  @Test(
    "any bit of a file, and it is as it was after the next opening",
    arguments: ProjectionName.allCases)
  func bits(_ name: ProjectionName) throws {
    try catchUp()
    let expected = try rebuilt(name)
    let whole = contents(name)
    var random = SeededGenerator(state: 52)
    // Of the first page's header every bit of some bytes, and any bits of all pages.
    var bits = [16, 18, 19, 28, 47, 56, 100, 104].flatMap { byte in
      (0..<8).map { byte * 8 + $0 }
    }
    bits += (0..<40).map { _ in Int.random(in: 0..<whole.count * 8, using: &random) }
    for bit in bits {
      var rotten = whole
      rotten[bit / 8] ^= 1 << (bit % 8)
      try write(rotten, name)
      try catchUpAlone(name, log, folder)
      #expect(try isRight(name, expected), "bit \(bit)")
    }
    #expect(try isRight())
  }

  @Test("cut, emptied, another's, foreign: each is made anew", arguments: ProjectionName.allCases)
  func files(_ name: ProjectionName) throws {
    try catchUp()
    let expected = try rebuilt(name)
    let whole = contents(name)
    let other = contents(name == .unread ? .offline : .unread)
    for bytes in [
      whole.prefix(whole.count / 2), Data(), whole.prefix(100), other, Data(count: 9_000),
    ] {
      try write(Data(bytes), name)
      try catchUpAlone(name, log, folder)
      #expect(try isRight(name, expected))
    }
    try FileManager.default.removeItem(atPath: path(name))
    try catchUp()
    #expect(try isRight())
  }

  @Test("a WAL and its index that are rotten, or of another file")
  func logsOfSQLite() throws {
    let engine = try makeEngine(log, folder)
    try engine.catchUp()
    let wal = try #require(FileManager.default.contents(atPath: path(.unread) + "-wal"))
    let shm = try #require(FileManager.default.contents(atPath: path(.unread) + "-shm"))
    engine.close()
    let expected = try rebuilt(.unread)
    var random = SeededGenerator(state: 53)
    for round in 0..<30 {
      var (rottenWAL, rottenSHM) = (wal, shm)
      for _ in 0...round % 3 {
        rottenWAL[Int.random(in: 0..<wal.count, using: &random)] ^= 1 << UInt8(round % 8)
        rottenSHM[Int.random(in: 0..<shm.count, using: &random)] ^= 1 << UInt8(round % 8)
      }
      if round % 4 == 0 { rottenWAL = wal.prefix(wal.count / 2) }
      try write(rottenWAL, .unread, "-wal")
      try write(rottenSHM, .unread, "-shm")
      try catchUpAlone(.unread, log, folder)
      #expect(try isRight(.unread, expected))
    }
    #expect(try isRight())
  }

  @Test(
    "a header that was changed is seen by verify, and gone after the next opening",
    arguments: [
      "UPDATE checkpoints SET next_offset = next_offset - 8 WHERE partition = 0",
      "UPDATE projection SET events = events + 8", "UPDATE projection SET state_hash = 'ff'",
      "UPDATE projection SET name = 'offline'", "UPDATE projection SET schema_version = 9",
      "UPDATE directs SET unread = unread + 1", "DELETE FROM members",
      "DROP TABLE marks", "CREATE TABLE x(y)",
    ])
  func changed(_ sql: String) throws {
    try catchUp()
    try open(.unread, folder).write { try $0.execute(sql: sql) }
    if !sql.contains("TABLE") {
      let verdict = try ProjectionCatalog(folder: folder.path, log: log, logger: .silent).verify(
        .unread)[0]
      #expect(!verdict.isOK)
    }
    try catchUp()
    #expect(try isRight())
    #expect(sql.contains("schema") || said.count == 1)
  }

  private func makeRuntime() -> ProjectionRuntime {
    var settings = ProjectionSettings()
    settings.commitInterval = .milliseconds(1)
    settings.lookInterval = .milliseconds(5)
    return ProjectionRuntime(
      log: log, folder: folder.path, settings: settings, logger: told.logger)
  }

  /// What the next new row of a table collides with, as it was after a second server had written.
  private static let collision = """
    CREATE TEMP TABLE copy AS SELECT * FROM groups LIMIT 1;
    UPDATE copy SET id = (SELECT max(id) + 1 FROM groups), stream = 'group/other';
    INSERT INTO groups SELECT * FROM copy;
    """

  @Test(
    "under a running server one projection is made anew, which is told, and all answer",
    arguments: ["DROP TABLE groups", collision])
  func underServer(_ sql: String) async throws {
    let runtime = makeRuntime()
    runtime.start()
    try await runtime.waitUntil(covering: heads, timeout: .seconds(60))
    try await open(.unread, folder).writeWithoutTransaction { try $0.execute(sql: sql) }
    var chat = GroupChat("a-new-one")
    log.append(chat.found(by: "ann", with: ["zoe"]))
    log.append([chat.message(from: "ann")])
    let queries = makeQueries(log, folder, runtime: runtime, timeout: .seconds(60))
    try await queries.waitForHead()
    await runtime.stop()
    #expect(said.count == 1)
    #expect(said.first?.hasPrefix("the projection unread is made anew from the log: ") == true)
    #expect(try isRight())
  }

  @Test("a question that meets damage says so at once, and is answered when it comes again")
  func metByReader() async throws {
    let runtime = makeRuntime()
    runtime.start()
    try await runtime.waitUntil(covering: heads, timeout: .seconds(60))
    try await open(.unread, folder).write { try $0.execute(sql: "DROP TABLE marks") }
    let queries = makeQueries(log, folder, runtime: runtime, timeout: .seconds(60))
    let error = await #expect(throws: DaybookError.self) {
      try await queries.unread(of: UserID(checked: "ann"))
    }
    #expect(error?.code == .projectionBehind)
    var answer: [UnreadCount]?
    while answer == nil { answer = try? await queries.unread(of: UserID(checked: "ann")) }
    await runtime.stop()
    #expect(said.count == 1)
    #expect(try isRight())
  }

  @Test(
    "a file that is removed under a running server comes again, for other processes too",
    arguments: ProjectionName.allCases)
  func removed(_ name: ProjectionName) async throws {
    let runtime = makeRuntime()
    runtime.start()
    try await runtime.waitUntil(covering: heads, timeout: .seconds(60))
    try FileManager.default.removeItem(atPath: path(name))
    let outside = makeQueries(log, folder, timeout: .seconds(60))
    try await outside.waitForHead()
    let inside = makeQueries(log, folder, runtime: runtime, timeout: .seconds(60))
    try await inside.waitForHead()
    await runtime.stop()
    #expect(said.count == 1)
    #expect(said.first?.hasPrefix("the projection \(name.rawValue) is made anew") == true)
    #expect(try isRight())
  }

  @Test(
    "what a row holds instead of what it should ends no process",
    arguments: [
      "NULL", "-1", "9223372036854775807", "'text'", "x'00ff'", "1.5",
    ])
  func rows(_ value: String) async throws {
    try catchUp()
    for name in ProjectionName.allCases {
      try await open(name, folder).write { database in
        try database.execute(sql: "PRAGMA writable_schema = ON")
        let tables = try String.fetchAll(
          database,
          sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN "
            + "('projection', 'checkpoints')")
        for table in tables {
          for column in try database.columns(in: table) where column.name != "id" {
            try? database.execute(
              sql: "UPDATE OR IGNORE \(table) SET \(column.name) = \(value) WHERE id % 3 = 1")
          }
        }
      }
    }
    let queries = makeQueries(log, folder, timeout: .seconds(60))
    for user in ["ann", "bob", "text", "-1"].map({ UserID(checked: $0) }) {
      _ = try? await queries.unread(of: user)
      _ = try? await queries.offline(user: user, device: DeviceID(checked: "phone"))
      _ = try? await queries.userDetails(user)
    }
    try catchUp()
    #expect(try isRight())
  }
}
