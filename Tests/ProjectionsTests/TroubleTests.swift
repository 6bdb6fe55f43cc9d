import DaybookModel
import Doubles
import Foundation
import GRDB
import Logging
import Ports
import Testing

@testable import Projections

@Suite struct TroubleTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 3)
  private let told = RecordingLog()
  /// Whose reads are counted from the log, in `busyPartition`.
  private var chat = GroupChat()
  private let noFiles = DaybookError(.overloaded, "too many files are open")
  private let corrupt = DaybookError(.logCorrupt, "the log is damaged")

  init() throws {
    folder = try TemporaryFolder()
    var scenario = Scenario(seed: 31, partitions: 3)
    log.append(scenario.events(200))
    log.append(chat.found(by: "ann", with: ["zoe"]))
    for _ in 0..<400 { log.append([chat.message(from: "ann")]) }
    log.append([chat.read("zoe", upTo: Seq(40))])
    log.append([chat.message(from: "zoe")])
  }

  private var busyPartition: PartitionID { StreamKey.group(chat.group).partition(of: 3) }

  private var heads: [PartitionID: Offset] {
    Dictionary(
      uniqueKeysWithValues: (0..<3).map {
        (PartitionID($0), log.highWatermark(of: PartitionID($0)))
      })
  }

  private func makeRuntime() -> ProjectionRuntime {
    var settings = ProjectionSettings()
    settings.commitInterval = .milliseconds(1)
    settings.retryInterval = .milliseconds(1)
    settings.lookInterval = .milliseconds(5)
    return ProjectionRuntime(
      log: log, folder: folder.path, settings: settings, logger: told.logger)
  }

  @Test(
    "what keeps the log from being read for a while is waited out, and told once",
    arguments: [MemoryLog.Call.read, .postings])
  func waitedOut(_ call: MemoryLog.Call) async throws {
    log.fail(call, in: busyPartition, with: noFiles, times: 5)
    let runtime = makeRuntime()
    runtime.start()
    try await runtime.waitUntil(covering: heads, timeout: .seconds(60))
    await runtime.stop()
    #expect(
      told.messages == [
        "the projections wait for partition \(busyPartition), and try again: \(noFiles)",
        "the projections follow partition \(busyPartition) again",
      ])
    #expect(told.lines.map(\.level) == [.warning, .notice])
    #expect(told.lines.allSatisfy { $0.metadata["partition"] == "\(busyPartition)" })
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
  }

  @Test(
    "what is final stops its partition only: it is told, and answers the questions that need it",
    arguments: [MemoryLog.Call.read, .postings])
  func final(_ call: MemoryLog.Call) async throws {
    log.fail(call, in: busyPartition, with: corrupt, times: .max)
    let runtime = makeRuntime()
    runtime.start()
    var others = heads
    let last = others.removeValue(forKey: busyPartition)!
    try await runtime.waitUntil(covering: others, timeout: .seconds(60))
    let error = await #expect(throws: DaybookError.self) {
      try await runtime.waitUntil(covering: [busyPartition: last], timeout: .seconds(60))
    }
    #expect(error?.code == .logCorrupt)
    await runtime.stop()
    #expect(
      told.messages == [
        "the projections no longer follow partition \(busyPartition): \(corrupt)"
      ])
    #expect(told.lines.map(\.level) == [.error])
  }

  @Test("a fold that ends midway leaves nothing behind, and is done again from the last commit")
  func tornFold() throws {
    let engine = try makeEngine(log, folder)
    log.fail(.postings, in: busyPartition, with: noFiles, times: 1)
    let error = #expect(throws: DaybookError.self) { try engine.catchUp() }
    #expect(error?.code == .overloaded)
    #expect(
      try ProjectionCatalog(folder: folder.path, log: log, logger: .silent).verify().allSatisfy(
        \.isOK))
    // The other partitions are there, though the projection went back for them too.
    for index in 0..<3 where PartitionID(index) != busyPartition {
      #expect(engine.committed.values.allSatisfy { $0[index] == heads[PartitionID(index)] })
    }
    engine.retryStuck()
    try engine.catchUp()
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
    #expect(
      try ProjectionCatalog(folder: folder.path, log: log, logger: .silent).verify().allSatisfy(
        \.isOK))
  }

  /// Until it answers: what was put right is found when it is tried again.
  private func answered(_ runtime: ProjectionRuntime) async {
    while (try? await runtime.waitUntil(covering: heads, timeout: .seconds(60))) == nil {
      await Task.yield()
    }
  }

  @Test("projections that can't be made end nothing: it is told once, why and what to do about it")
  func notMade() async throws {
    try FileManager.default.removeItem(atPath: folder.path)
    try Data().write(to: URL(fileURLWithPath: folder.path))
    let runtime = makeRuntime()
    runtime.start()
    let error = await #expect(throws: DaybookError.self) {
      try await runtime.waitUntil(covering: heads, timeout: .seconds(60))
    }
    #expect(error?.code == .storageFailed)
    try FileManager.default.removeItem(atPath: folder.path)
    await answered(runtime)
    await runtime.stop()
    let said = told.messages
    let names = ProjectionName.allCases.map(\.rawValue)
    #expect(said.count == 2 * names.count)
    for (name, line) in zip(names, said) {
      #expect(line.hasPrefix("the projection \(name) can't be made, and answers no questions: "))
      #expect(line.contains("\(folder.path): File exists (errno \(EEXIST)): move away"))
      #expect(line.hasSuffix("it is tried again until it can"))
    }
    #expect(said.suffix(names.count) == names.map { "the projection \($0) is there again" }[...])
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
  }

  @Test("projections whose folder goes under a running server and can't be made are back with it")
  func goneAtRunTime() async throws {
    let runtime = makeRuntime()
    runtime.start()
    await answered(runtime)
    try FileManager.default.removeItem(atPath: folder.path)
    try Data().write(to: URL(fileURLWithPath: folder.path))
    var refused: DaybookError?
    while refused == nil {
      do throws(DaybookError) {
        try await runtime.waitUntil(covering: heads, timeout: .seconds(60))
        await Task.yield()
      } catch {
        refused = error
      }
    }
    #expect(refused?.code == .storageFailed)
    try FileManager.default.removeItem(atPath: folder.path)
    await answered(runtime)
    await runtime.stop()
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
  }

  @Test("a full disk, a lock and too many open files are waited out; damage is not")
  func worthRetrying() {
    let waitedOut: [ResultCode] = [
      .SQLITE_FULL, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_CANTOPEN, .SQLITE_NOMEM,
    ]
    let final: [ResultCode] = [
      .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_ERROR,
    ]
    for code in waitedOut + final {
      let error = #expect(throws: DaybookError.self) {
        try SQLiteFault.mapped("x") { throw DatabaseError(resultCode: code) }
      }
      #expect(error?.isWorthRetrying == waitedOut.contains(code))
    }
    #expect(noFiles.isWorthRetrying)
    #expect(!corrupt.isWorthRetrying)
  }
}
