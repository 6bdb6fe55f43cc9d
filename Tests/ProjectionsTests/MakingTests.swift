import DaybookModel
import Doubles
import Foundation
import GRDB
import Testing

@testable import Projections

/// A projection's file comes into its place with its header, or not at all: what is there and has none
/// is damaged.
@Suite("making projections") struct MakingTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 3)
  private let told = RecordingLog()
  private var projections: ProjectionCatalog {
    ProjectionCatalog(folder: folder.path, log: log, logger: told.logger)
  }
  private var paths: ProjectionFolder { ProjectionFolder(folder.path) }

  init() throws {
    folder = try TemporaryFolder()
    var scenario = Scenario(seed: 71, partitions: 3)
    log.append(scenario.events(100))
  }

  private func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
  }

  /// Ends in the middle: one of its tables can't be made a second time.
  private func makeHalf(_ name: ProjectionName, _ path: String) throws {
    let layouts = name.makeProjector(log: log).tables.map(\.layout)
    #expect(throws: DaybookError.self) {
      try ProjectionFile(name, path: path, layouts: layouts + layouts, log: log)
    }
    #expect(try files() != [])
  }

  /// What a reader of another process is told.
  private func refusal(_ name: ProjectionName) -> ErrorCode? {
    do throws(DaybookError) {
      _ = try projections.list(name)
      return nil
    } catch {
      return error.code
    }
  }

  @Test("one that is being made is waited for, and no damage", arguments: ProjectionName.allCases)
  func half(_ name: ProjectionName) throws {
    try makeHalf(name, paths.path(name))
    #expect(refusal(name) == .projectionBehind)
    try projections.catchUp()
    #expect(told.messages == [])
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
    #expect(try files().filter { $0.contains(".tmp") } == [])
  }

  @Test(
    "a rebuild that ended while it made its file begins again, and the old file answers meanwhile")
  func halfRebuild() throws {
    try projections.catchUp()
    let before = try projections.list()
    try makeHalf(.history, paths.rebuildPath(.history))
    #expect(try projections.list() == before)
    let outcome = try projections.rebuild(.history)[0]
    #expect(outcome.comparison == .equal && !outcome.resumed)
    #expect(try files().filter { $0.contains(".tmp") || $0.contains("rebuild") } == [])
  }

  @Test(
    "whatever a crash left of a making is put away by the next", arguments: ["", "no database"])
  func leftOver(_ contents: String) throws {
    let path = paths.path(.offline)
    for suffix in ["", "-wal", "-shm", "-journal"] {
      try Data(contents.utf8).write(to: URL(fileURLWithPath: "\(path).tmp\(suffix)"))
    }
    #expect(refusal(.offline) == .projectionBehind)
    try projections.catchUp()
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
    #expect(try files().filter { $0.contains(".tmp") } == [])
  }

  @Test("one that has lost its header is damaged, and not one that is being made")
  func torn() throws {
    try projections.catchUp()
    let path = paths.path(.unread)
    let whole = try #require(FileManager.default.contents(atPath: path))
    for bytes in [Data(), whole.prefix(100), whole.prefix(5_000), Data(count: 9_000)] {
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      #expect(refusal(.unread) == .storageFailed, "\(bytes.count) bytes")
    }
    try whole.write(to: URL(fileURLWithPath: path))
    try open(.unread, folder).write { try $0.execute(sql: "DROP TABLE projection") }
    #expect(refusal(.unread) == .storageFailed)
  }

  @Test("what a reader meets in a file that is no longer in its place is no damage of the next one")
  func takenAway() throws {
    try projections.catchUp()
    let path = paths.path(.unread)
    let old = try #require(FileHandle(forUpdatingAtPath: path))
    let (reader, other) = (
      try ProjectionReader(.unread, folder: paths), try ProjectionReader(.unread, folder: paths)
    )
    try old.write(contentsOf: Data(count: 100_000))
    #expect(throws: DaybookError.self) { try reader.header() }
    try FileManager.default.removeItem(atPath: path)
    let error = #expect(throws: DaybookError.self) { try other.header() }
    #expect(error?.code == .projectionBehind)
  }
}
