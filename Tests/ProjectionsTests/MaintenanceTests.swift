import DaybookModel
import Doubles
import Foundation
import GRDB
import Ports
import Testing

@testable import Projections

@Suite struct MaintenanceTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 3)
  private let projections: ProjectionCatalog

  init() throws {
    folder = try TemporaryFolder()
    var scenario = Scenario(seed: 21, partitions: 3)
    log.append(scenario.events(300))
    projections = ProjectionCatalog(folder: folder.path, log: log, logger: .silent)
  }

  @Test("list tells checkpoints, events and state hash of each projection")
  func list() throws {
    try projections.catchUp()
    let events = log.allEvents.map(\.count).reduce(0, +)
    let statuses = try projections.list()
    #expect(statuses.map(\.name) == ProjectionName.allCases)
    for status in statuses {
      #expect(status.checkpoint == Int64(events))
      #expect(status.events == UInt64(events))
      #expect(status.stateHash.count == 16)
    }
  }

  @Test("verify finds a row that someone changed, and one that someone removed")
  func tampered() throws {
    try projections.catchUp()
    #expect(try projections.verify().allSatisfy(\.isOK))
    try open(.unread, folder).write {
      try $0.execute(sql: "UPDATE directs SET unread = unread + 1 WHERE id = 1")
    }
    try open(.history, folder).write {
      try $0.execute(sql: "DELETE FROM conversations WHERE id = 2")
    }
    let wrong = try projections.verify().filter { !$0.isOK }
    #expect(wrong.map(\.name) == [.history, .unread])
    #expect(wrong.allSatisfy { $0.recomputedHash != $0.status?.stateHash })
  }

  @Test("a rebuild has the state hash of the projection that it replaces")
  func rebuild() throws {
    try projections.catchUp()
    let before = try projections.list()
    var last: ProjectionProgress?
    let outcomes = try projections.rebuild { last = $0 }
    #expect(outcomes.allSatisfy { $0.comparison == .equal && !$0.resumed })
    #expect(try projections.list() == before)
    #expect(last?.events == last?.total)
    #expect(try projections.verify().allSatisfy(\.isOK))
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!files.contains { $0.contains("rebuild") })
  }

  @Test("a rebuild says so when the projection that it replaces was wrong")
  func rebuildDiffers() throws {
    try projections.catchUp()
    let before = try projections.list(.unread)[0].stateHash
    // Rows and their hash both wrong, so that only a rebuild can tell.
    try open(.unread, folder).write { [log] database in
      let header = try StoredHeader.read(from: database).header
      var wrong = header
      wrong.stateHash = 0xff
      try wrong.update(in: database, since: header, sealedBy: log.seal)
    }
    let outcome = try projections.rebuild(.unread)[0]
    #expect(outcome.comparison == .differs(before: "00000000000000ff"))
    #expect(outcome.status.stateHash == before)
  }

  @Test("an interrupted rebuild goes on where it stopped")
  func resumes() throws {
    try projections.catchUp()
    let engine = ProjectionEngine(
      [.history], log: log, settings: ProjectionSettings(),
      path: ProjectionFolder(folder.path).rebuildPath, logger: .silent)
    _ = engine.fold(PartitionID(0))
    try engine.commit()
    let done = engine.projections[0].file.header.events
    #expect(done > 0)
    engine.close()
    var total: UInt64 = 0
    let outcome = try projections.rebuild(.history) { total = $0.total }[0]
    #expect(outcome.resumed)
    #expect(outcome.comparison == .equal)
    #expect(total + done == outcome.status.events)
  }

  @Test("files of another log are made anew, and so are damaged ones")
  func otherLog() throws {
    try projections.catchUp()
    let other = MemoryLog(partitions: 3, logID: "log-b")
    var scenario = Scenario(seed: 22, partitions: 3)
    other.append(scenario.events(50))
    let moved = ProjectionCatalog(folder: folder.path, log: other, logger: .silent)
    #expect(try moved.verify().allSatisfy { !$0.isOK })
    try Data("no database".utf8).write(
      to: URL(fileURLWithPath: ProjectionFolder(folder.path).path(.offline)))
    try moved.catchUp()
    let fresh = try TemporaryFolder()
    try ProjectionCatalog(folder: fresh.path, log: other, logger: .silent).catchUp()
    #expect(try stateHashes(other, folder) == stateHashes(other, fresh))
    #expect(try moved.verify().allSatisfy(\.isOK))
  }

  @Test("what no projection wrote is made anew", arguments: ForeignFile.allCases)
  func foreignFile(_ kind: ForeignFile) throws {
    try FileManager.default.removeItem(atPath: folder.path)
    try ProjectionFolder.make(folder.path)
    let path = ProjectionFolder(folder.path).path(.history)
    switch kind {
    case .empty: try Data().write(to: URL(fileURLWithPath: path))
    case .otherTables, .otherColumns, .otherTypes:
      try open(.history, folder).write { try $0.execute(sql: kind.sql) }
    }
    try projections.catchUp()
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
    #expect(try projections.verify().allSatisfy(\.isOK))
  }

  enum ForeignFile: CaseIterable {
    case empty, otherTables, otherColumns, otherTypes

    var sql: String {
      switch self {
      case .empty: ""
      case .otherTables: "CREATE TABLE bookmarks(url)"
      case .otherColumns: "CREATE TABLE projection(name); INSERT INTO projection VALUES ('x')"
      case .otherTypes:
        """
        CREATE TABLE projection(log_id, schema_version, state_hash, events);
        CREATE TABLE checkpoints(partition, next_offset);
        INSERT INTO projection VALUES (NULL, 'x', NULL, x'ff');
        """
      }
    }
  }

  @Test("a folder in a projection's place is moved aside as it is, and the projection made anew")
  func folderInItsPlace() throws {
    let path = ProjectionFolder(folder.path).path(.history)
    try FileManager.default.createDirectory(
      atPath: path + "/kept", withIntermediateDirectories: true)
    try projections.catchUp()
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
    let aside = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.contains(".aside-") }
    #expect(aside.count == 1)
    for name in aside {
      #expect(FileManager.default.fileExists(atPath: "\(folder.path)/\(name)/kept"))
    }
  }

  @Test("whatever bit of a file's header is wrong, it is continued or made anew")
  func headerBits() throws {
    try projections.catchUp()
    let expected = try projections.list(.offline)
    let path = ProjectionFolder(folder.path).path(.offline)
    try ProjectionFile.closeAsOneFile(path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    // Of all kinds of fields, and all of those that say how the file is read, and where its tables are.
    var bits = stride(from: 0, to: 100, by: 5).map { $0 * 8 + $0 % 8 }
    for byte in [18, 19, 47, 103, 104] { bits += byte * 8..<byte * 8 + 8 }
    for bit in bits {
      var data = whole
      data[bit / 8] ^= 1 << UInt8(bit % 8)
      try ProjectionFile.remove(path)
      try data.write(to: URL(fileURLWithPath: path))
      try catchUpAlone(.offline, log, folder)
      let verdicts = try projections.verify(.offline)
      #expect(verdicts.map(\.status) == expected, "bit \(bit % 8) of byte \(bit / 8)")
      #expect(verdicts.filter { !$0.isOK } == [], "bit \(bit % 8) of byte \(bit / 8)")
    }
    #expect(try projections.verify().allSatisfy(\.isOK))
  }

  @Test("a projection that is past the log's head stays, as a witness of what the log has lost")
  func pastHead() throws {
    try projections.catchUp()
    let before = try projections.list()
    let shorter = MemoryLog(partitions: 3)
    var scenario = Scenario(seed: 21, partitions: 3)
    shorter.append(scenario.events(100))
    let restored = ProjectionCatalog(folder: folder.path, log: shorter, logger: .silent)
    #expect(try restored.verify().allSatisfy { !$0.isOK })
    try restored.catchUp()
    #expect(try restored.list() == before)
    #expect(try restored.verify().allSatisfy { !$0.isOK })
  }

  @Test("another process's queries wait until its files have reached the head")
  func waitsForFiles() async throws {
    try projections.catchUp()
    var scenario = Scenario(seed: 23, partitions: 3)
    log.append(scenario.events(5))
    let impatient = makeQueries(log, folder, timeout: .milliseconds(30))
    let error = await #expect(throws: DaybookError.self) { try await impatient.waitForHead() }
    #expect(error?.code == .projectionBehind)
    let queries = makeQueries(log, folder, timeout: .seconds(60))
    async let answer: Void = queries.waitForHead()
    try projections.catchUp()
    try await answer
  }

  @Test("users and devices that nobody knows are told apart")
  func unknown() async throws {
    try projections.catchUp()
    let queries = makeQueries(log, folder)
    let user = await #expect(throws: DaybookError.self) {
      try await queries.offline(user: UserID("nobody"), device: DeviceID("phone"))
    }
    #expect(user?.code == .unknownUser)
    let device = await #expect(throws: DaybookError.self) {
      try await queries.offline(user: UserID("ann"), device: DeviceID("watch"))
    }
    #expect(device?.code == .unknownDevice)
  }

  @Test("groups whose names look alike have cursors of their own")
  func similarNames() async throws {
    let log = MemoryLog(partitions: 3)
    for (name, acked) in [("caf\u{e9}", 6), ("cafe\u{301}", 2)] as [(String, UInt64)] {
      var chat = GroupChat(name)
      log.append(chat.found(by: "zoe", with: []))
      for _ in 0..<5 { log.append([chat.message(from: "zoe")]) }
      log.append([chat.ack("zoe", on: "phone", upTo: Seq(acked))])
    }
    let folder = try TemporaryFolder()
    try ProjectionCatalog(folder: folder.path, log: log, logger: .silent).catchUp()
    let queries = makeQueries(log, folder)
    let streams = try await queries.offline(
      user: UserID(checked: "zoe"), device: DeviceID(checked: "phone"))
    // In order of their bytes, behind the mailbox.
    #expect(streams.dropFirst().map(\.cursor) == [Seq(2), Seq(6)])
    #expect(streams.dropFirst().map(\.pending) == [4, 0])
  }
}
