import DaybookModel
import Files
import Foundation
import NIOConcurrencyHelpers
import Ports
import Testing

@testable import SegmentLog

@Suite("A log has one owner, and readers beside it")
struct OwnershipTests {
  let zero = PartitionID(0)

  @Test("a reader beside the owner sees what is durable, through new segments too")
  func readerBeside() async throws {
    let test = try TestLog()
    let log = try test.open()
    let reader = try test.reader()
    for batch in UInt64(0)..<30 {
      _ = try await log.append(messages(batch * 4 + 1...batch * 4 + 4))
      #expect(reader.highWatermark(of: zero) == log.highWatermark(of: zero))
      #expect(try reader.everything() == messages(1...batch * 4 + 4))
      let found = try reader.postings(zero, conversation: 7, before: nil, limit: 3)
      #expect(found.map(\.offset.rawValue) == (1...3).map { Int64(batch * 4 + $0) })
    }
    #expect(reader.logID == log.logID)
    #expect(reader.branchID == log.branchID && reader.epoch == log.epoch)
    #expect(try reader.segments(of: zero).count >= 2)
    #expect(try reader.verify() == VerifyReport(events: 120, partitions: 1, faults: []))
    log.close()
  }

  @Test("an owner that another has overtaken acks nothing any more, and says so once")
  func fencing() async throws {
    let test = try TestLog(partitions: 2)
    let told = NIOLockedValueBox<[ErrorCode]>([])
    var opening = OpeningContext()
    opening.fenced = { error in told.withLockedValue { $0.append(error.code) } }
    let old = try test.open(opening: opening)
    _ = try await old.append(messages(1...2))
    let new = try test.open()
    #expect(new.epoch > old.epoch)
    #expect(await code { try await old.append(messages(3...4)) } == .epochFenced)
    #expect(await code { try await old.append(messages(3...4)) } == .epochFenced)
    #expect(told.withLockedValue { $0 } == [.epochFenced])
    _ = try await new.append(messages(5...6))
    #expect(try new.everything() == messages(1...2) + messages(5...6))
    old.close()
    new.close()
    #expect(try test.reader().verify().ok)
    #expect(try test.open().everything() == messages(1...2) + messages(5...6))
  }

  @Test("an epoch file that is missing is derived from what was written")
  func epochMissing() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2)])
    try FileManager.default.removeItem(atPath: test.folder + "/epoch")
    let log = try test.open()
    #expect(log.epoch == Epoch(2))
    log.close()
  }

  @Test("the lock is held by one, told by its process, and free after it")
  func lock() async throws {
    let test = try TestLog()
    let path = test.root + "/lock"
    let lock = try FolderLock(path)
    do {
      _ = try FolderLock(path)
      Issue.record("the lock was taken twice")
    } catch {
      #expect(error.code == .dataFolderInUse)
      #expect(error.message.contains("\(getpid())"))
    }
    lock.release()
    try FolderLock(path).release()
  }

  @Test(
    "the lock is free once it was released, though a program that is just starting has its file")
  func startingProgram() throws {
    let test = try TestLog()
    let path = "\(test.root)/lock"
    let lock = try FolderLock(path, guarding: test.folder)
    // As a child has them from fork(2) to execve(2).
    let inherited = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
      .compactMap { Int32($0) }
      .filter { file in
        let target = try? FileManager.default.destinationOfSymbolicLink(
          atPath: "/proc/self/fd/\(file)")
        return target == path || target == test.folder
      }
      .map { dup($0) }
    defer { for file in inherited { close(file) } }
    #expect(inherited.count == 2)
    lock.release()
    let next = try FolderLock(path, guarding: test.folder)
    next.release()
  }

  @Test("what is no log of this format is refused by its name")
  func refusals() async throws {
    let test = try TestLog()
    let manifest = URL(fileURLWithPath: test.folder + "/manifest.json")
    let text = try String(contentsOf: manifest, encoding: .utf8)
    let covered = try #require(text.firstRange(of: "\"checksum\""))
    let later = text[..<covered.lowerBound].replacing(
      "\"format_version\": 2", with: "\"format_version\": 3")
    try SealedText.close(String(later)).write(to: manifest, atomically: true, encoding: .utf8)
    #expect(await code { try test.open() } == .formatVersion)
    #expect(await code { try test.reader() } == .formatVersion)
    for broken in ["", "{", "{}", "[1]", text.replacing("\"log_id\": \"", with: "\"log_id\": \"x")]
    {
      try broken.write(to: manifest, atomically: true, encoding: .utf8)
      #expect(await code { try test.open() } == .logCorrupt)
    }
    try FileManager.default.removeItem(at: manifest)
    #expect(await code { try test.open() } == .dataFolderMissing)
    try text.write(to: manifest, atomically: true, encoding: .utf8)
    #expect(
      await code { try SegmentedLog.create(in: test.folder, partitions: 1) } == .dataFolderExists)
    #expect(
      await code { try SegmentedLog.create(in: test.root + "/x", partitions: 0) }
        == .invalidArgument)
    #expect(
      await code { try SegmentedLog.create(in: test.root + "/a/b", partitions: 1) }
        == .dataFolderMissing)
  }

  @Test("a closed log refuses appends")
  func closed() async throws {
    let test = try TestLog()
    let log = try test.open()
    log.close()
    #expect(await code { try await log.append(messages(1...1)) } == .serverStopping)
  }
}
