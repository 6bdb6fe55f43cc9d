import DaybookModel
import Doubles
import Foundation
import GRDB
import Ports
import Testing

@testable import Projections

/// A new file is filled without indexes and without syncs, and completed at the log's head. Whatever is
/// left of it before that is gone on with, or made anew.
@Suite("filling new projections") struct BulkTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 3)

  init() throws {
    folder = try TemporaryFolder()
    var scenario = Scenario(seed: 91, partitions: 3)
    log.append(scenario.events(400))
  }

  private var paths: ProjectionFolder { ProjectionFolder(folder.path) }

  private func indexes(_ name: ProjectionName) throws -> Set<String> {
    try open(name, folder).read {
      Set(
        try String.fetchAll(
          $0, sql: "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
    }
  }

  private func documented(_ name: ProjectionName) -> Set<String> {
    Set(name.makeProjector(log: log).tables.flatMap(\.layout.indexing))
  }

  @Test("indexes come with the commit that reaches the head, and not before")
  func indexesAtLast() throws {
    let engine = try makeEngine(log, folder, chunkBytes: 500)
    for _ in 0..<3 { _ = engine.foldNext() }
    try engine.commit()
    for name in ProjectionName.allCases { #expect(try indexes(name) == []) }
    try engine.catchUp()
    for name in ProjectionName.allCases { #expect(try indexes(name) == documented(name)) }
    engine.close()
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
  }

  @Test("a log without events leaves whole files, too")
  func emptyLog() throws {
    let empty = MemoryLog(partitions: 2)
    try makeEngine(empty, folder).catchUp()
    for name in ProjectionName.allCases { #expect(try indexes(name) == documented(name)) }
  }

  @Test("one that was ended midway goes on, and is not whole until it is at the head")
  func goesOn() throws {
    var done: UInt64 = 0
    for _ in 0..<3 {
      let engine = try makeEngine(log, folder, chunkBytes: 500)
      #expect(engine.projections.allSatisfy { $0.file.header.events == done })
      for _ in 0..<2 { _ = engine.foldNext() }
      try engine.commit()
      #expect(engine.projections.allSatisfy { $0.file.isBare })
      done = engine.projections[0].file.header.events
      engine.close()
    }
    #expect(done > 0)
    let engine = try makeEngine(log, folder)
    #expect(engine.projections.allSatisfy { $0.file.origin == .continued })
    try engine.catchUp()
    #expect(engine.projections.allSatisfy { !$0.file.isBare })
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
  }

  @Test("what is made anew under a running server is whole from the beginning")
  func mended() throws {
    let engine = try makeEngine(log, folder)
    try engine.catchUp()
    try FileManager.default.removeItem(atPath: paths.path(.unread))
    engine.mendWhatIsGone()
    #expect(try indexes(.unread) == documented(.unread))
    try engine.catchUp()
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
  }

  /// A file and its WAL as they were at some moment.
  private struct Moment {
    let file: Data
    let wal: Data
  }

  private func moment(_ name: ProjectionName) throws -> Moment {
    let path = paths.path(name)
    return Moment(
      file: try Data(contentsOf: URL(fileURLWithPath: path)),
      wal: FileManager.default.contents(atPath: path + "-wal") ?? Data())
  }

  /// Of each page any state that it had, and some of the WAL: what a power cut leaves of what was not
  /// synced.
  private func cut(_ moments: [Moment], _ random: inout SeededGenerator) -> Moment {
    let last = moments.randomElement(using: &random)!
    var file = last.file
    for start in stride(from: 0, to: file.count, by: 4_096) {
      let other = moments.randomElement(using: &random)!.file
      guard start + 4_096 <= other.count, Bool.random(using: &random) else { continue }
      file.replaceSubrange(start..<start + 4_096, with: other[start..<start + 4_096])
    }
    let wal = moments.randomElement(using: &random)!.wal
    let isWhole = Bool.random(using: &random)
    let count = isWhole ? wal.count : Int.random(in: 0...wal.count, using: &random)
    return Moment(file: file, wal: wal.prefix(count))
  }

  @Test(
    "whatever a power cut leaves of one, and it is as it should be after the next opening",
    arguments: ProjectionName.allCases)
  func powerCut(_ name: ProjectionName) throws {
    let engine = try makeEngine(log, folder, chunkBytes: 1_000)
    var moments: [Moment] = []
    while engine.projections.contains(where: { $0.file.isBare }), engine.foldNext() != nil {
      try engine.commit()
      guard engine.projections.allSatisfy({ $0.file.isBare }) else { break }
      moments.append(try moment(name))
      // Pages reach the file now and then.
      if moments.count % 3 == 0 {
        _ = try open(name, folder).writeWithoutTransaction { try $0.checkpoint(.passive) }
        moments.append(try moment(name))
      }
    }
    engine.close()
    #expect(moments.count > 10)
    let expected = try hashesOfRebuild(log)
    let place = ProjectionName.allCases.firstIndex(of: name)!
    var random = SeededGenerator(state: 92)
    var goneOn = 0
    for round in 0..<60 {
      // As a process leaves it that was ended, or as a power cut does.
      let left = round < 10 ? moments.randomElement(using: &random)! : cut(moments, &random)
      let apart = try TemporaryFolder()
      let path = ProjectionFolder(apart.path).path(name)
      try left.file.write(to: URL(fileURLWithPath: path))
      try left.wal.write(to: URL(fileURLWithPath: path + "-wal"))
      let next = ProjectionEngine(
        [name], log: log, settings: ProjectionSettings(),
        path: ProjectionFolder(apart.path).path, logger: .silent)
      if next.projections[0].file.origin == .continued { goneOn += 1 }
      try next.catchUp()
      next.close()
      let verdict = try ProjectionCatalog(folder: apart.path, log: log, logger: .silent).verify(
        name)[0]
      #expect(verdict.isOK, "\(verdict.faults)")
      #expect(verdict.status?.stateHash == expected[place])
    }
    #expect(goneOn >= 10, "what a process left is whole so far as it goes")
  }

  @Test("a bare file is looked at whole, however large it is")
  func lookedAtWhole() throws {
    let large = MemoryLog(partitions: 1, batchEvents: 100)
    let description = String(repeating: "d", count: 4_000)
    large.append(
      (0..<2_500).map { index in
        Event(
          stream: .group(GroupID(checked: "g\(index)")), seq: Seq(1),
          recordedAt: Timestamp(milliseconds: 1), actor: Actor(user: UserID(checked: "ann")),
          body: .groupCreated(GroupSettings(title: "t", description: description)))
      })
    func engine() -> ProjectionEngine {
      var settings = ProjectionSettings()
      settings.chunkBytes = 1 << 18
      return ProjectionEngine(
        [.directory], log: large, settings: settings, path: paths.path, logger: .silent)
    }
    let first = engine()
    while first.offsetsAhead > 200 { _ = first.foldNext() }
    try first.commit()
    #expect(first.projections.allSatisfy { $0.file.isBare })
    first.close()
    try ProjectionFile.closeAsOneFile(paths.path(.directory))
    let size = try Data(contentsOf: URL(fileURLWithPath: paths.path(.directory))).count
    #expect(size > FileCheck.wholeBytesMax)
    try open(.directory, folder).writeWithoutTransaction {
      try $0.execute(sql: "UPDATE groups SET members = members + 1 WHERE id = 7")
    }
    #expect(engine().projections[0].file.origin == .unreadable)
  }
}
