import DaybookModel
import Doubles
import Foundation
import Testing

@testable import Projections

@Suite("verifying projections changes nothing") struct VerifyTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 3)
  private var projections: ProjectionCatalog {
    ProjectionCatalog(folder: folder.path, log: log, logger: .silent)
  }

  init() throws {
    folder = try TemporaryFolder()
    var scenario = Scenario(seed: 61, partitions: 3)
    log.append(scenario.events(150))
    try projections.catchUp()
  }

  private func path(_ name: ProjectionName) -> String { ProjectionFolder(folder.path).path(name) }

  private func files() throws -> [String: Data?] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    return Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, FileManager.default.contents(atPath: "\(folder.path)/\($0)"))
      })
  }

  /// Of a folder that nobody serves.
  private func faults(of name: ProjectionName) throws -> [String] {
    let before = try files()
    let verdicts = try projections.verify(isServed: false)
    #expect(try files() == before)
    #expect(verdicts.filter { !$0.isOK && $0.name != name } == [])
    return try #require(verdicts.first { $0.name == name }).faults
  }

  @Test("whatever is wrong with a small file is told, and the file stays as it is")
  func damaged() throws {
    let whole = try #require(FileManager.default.contents(atPath: path(.unread)))
    var flipped = whole
    flipped[100] ^= 0x10
    for bytes in [Data(), whole.prefix(whole.count / 2), Data(count: 9_000), flipped] {
      try Data(bytes).write(to: URL(fileURLWithPath: path(.unread)))
      #expect(try faults(of: .unread) != [])
    }
    try whole.write(to: URL(fileURLWithPath: path(.unread)))
    #expect(try faults(of: .unread) == [])
  }

  @Test("one that is not there, or whose place something else has, is told")
  func missing() throws {
    try FileManager.default.removeItem(atPath: path(.history))
    #expect(try faults(of: .history) == ["it is not there"])
    try FileManager.default.createDirectory(
      atPath: path(.history), withIntermediateDirectories: true)
    #expect(try faults(of: .history) == ["it is no file"])
  }

  @Test("what a killed server left is read as it is: its last commits count")
  func killed() throws {
    let copy = try TemporaryFolder()
    let engine = try makeEngine(log, folder)
    var more = GroupChat("more")
    log.append(more.found(by: "ann", with: ["zoe"]))
    try engine.catchUp()
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      try FileManager.default.copyItem(
        atPath: "\(folder.path)/\(name)", toPath: "\(copy.path)/\(name)")
    }
    engine.close()
    let names = Set(try FileManager.default.contentsOfDirectory(atPath: copy.path))
    #expect(names.contains { $0.hasSuffix("-wal") })
    let verdicts = try ProjectionCatalog(folder: copy.path, log: log, logger: .silent).verify(
      isServed: false)
    #expect(verdicts.allSatisfy { $0.isOK && $0.behind == 0 })
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: copy.path)) == names)
  }

  @Test("what has not folded all of the log is right as far as it goes")
  func behind() throws {
    var chat = GroupChat("later")
    let events = chat.found(by: "ann", with: ["zoe"])
    log.append(events)
    let verdicts = try projections.verify(isServed: false)
    #expect(verdicts.allSatisfy { $0.isOK && $0.behind == UInt64(events.count) })
  }
}
