import DaybookModel
import Doubles
import Files
import Foundation
import Logging
import Ports
import Testing

@testable import SegmentLog

@Suite("A round on the thread of who appends")
struct CallerThreadTests {
  private static let options = SegmentLogOptions(
    segmentBytes: 1 << 16, firstSegmentBytes: 1 << 16, reserveBytes: 512)

  /// What was answered, in this order.
  private final class Answers: @unchecked Sendable {
    var acked: [UInt64] = []
  }

  private func opened() throws -> (StorageOwner, Answers) {
    let disk = SimDisk(seed: 1)
    try LogFolder(files: disk, path: "/log").create(partitions: 2, options: Self.options)
    disk.root.sync()
    return (try StorageOwner(disk, "/log", Self.options), Answers())
  }

  private func append(
    _ numbers: [UInt64], to owner: StorageOwner, _ answers: Answers, mayBlock: Bool = true
  ) {
    let appends = numbers.map { number in
      PartitionAppend(
        partition: PartitionID(Int(number % 2)), batch: makeBatch(messages(number...number))
      ) { if case .success = $0 { answers.acked.append(number) } }
    }
    owner.log.append(appends, mayBlock: mayBlock)
  }

  /// So many rounds that it is known how long syncs take: here, no time.
  private func warm(_ owner: StorageOwner, _ answers: Answers) {
    for number in UInt64(1)...140 {
      append([number], to: owner, answers, mayBlock: false)
      owner.commit()
    }
  }

  @Test("only once it is known that syncs are quick, and only where that is allowed")
  func allowed() throws {
    let (owner, answers) = try opened()
    append([1], to: owner, answers)
    #expect(answers.acked == [])
    warm(owner, answers)
    let count = answers.acked.count
    append([1001, 1002], to: owner, answers, mayBlock: false)
    #expect(answers.acked.count == count)
    owner.commit()
    append([1003, 1004], to: owner, answers)
    #expect(answers.acked.suffix(4) == [1001, 1002, 1003, 1004])
    owner.log.close()
  }

  @Test("what waits already is not overtaken, and a round within a round waits for its end")
  func order() throws {
    let (owner, answers) = try opened()
    warm(owner, answers)
    append([1001], to: owner, answers, mayBlock: false)
    append([1003], to: owner, answers)
    #expect(answers.acked.last == 140)
    owner.commit()
    #expect(answers.acked.suffix(2) == [1001, 1003])
    nonisolated(unsafe) let by = owner
    let inner = PartitionAppend(partition: PartitionID(1), batch: makeBatch(messages(7...7))) { _ in
      append([1005], to: by, answers)
      answers.acked.append(7)
    }
    owner.log.append([inner], mayBlock: true)
    #expect(answers.acked.last == 7)
    owner.commit()
    #expect(answers.acked.last == 1005)
    owner.log.close()
  }

  @Test("a segment is begun elsewhere, for that takes its time")
  func rolls() throws {
    let (owner, answers) = try opened()
    warm(owner, answers)
    let large = PartitionAppend(
      partition: PartitionID(0),
      batch: makeBatch([TestEvent(text: String(repeating: "x", count: 60_000))])
    ) { if case .success = $0 { answers.acked.append(5000) } }
    let segments = owner.log.partitions[0].segments
    let before = segments.all.count
    owner.log.append([large], mayBlock: true)
    #expect(segments.all.count == before && answers.acked.last == 140)
    owner.commit()
    #expect(segments.all.count == before + 1 && answers.acked.last == 5000)
    owner.log.close()
  }

  @Test("while one round holds much, the next is decided: that goes to the log's own thread")
  func much() throws {
    let (owner, answers) = try opened()
    warm(owner, answers)
    let appends = (0..<2).map { partition in
      PartitionAppend(
        partition: PartitionID(partition),
        batch: makeBatch([TestEvent(text: String(repeating: "x", count: 9_000))])
      ) { if case .success = $0 { answers.acked.append(UInt64(partition)) } }
    }
    owner.log.append(appends, mayBlock: true)
    #expect(answers.acked.last == 140)
    owner.commit()
    #expect(answers.acked.suffix(2) == [0, 1])
    owner.log.append(Array(appends.prefix(1)), mayBlock: true)
    #expect(answers.acked.suffix(3) == [0, 1, 0])
    owner.log.close()
  }

  @Test(
    "a log that is closed while somebody else's round is under way ends", .timeLimit(.minutes(30)))
  func closed() async throws {
    // In memory, where syncs are quick however busy the disk is.
    let folder = "/dev/shm/daybook-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let options = SegmentLogOptions(segmentBytes: 1 << 20, firstSegmentBytes: 1 << 20)
    try LogFolder(files: PosixFileSystem(), path: folder).create(partitions: 1, options: options)
    let log = try SegmentedLog.open(
      in: folder, options: options, scanner: TestScanner(), logger: .silent)
    for number in UInt64(1)...140 { _ = try await log.append(messages(number...number)) }
    await withCheckedContinuation { (ended: CheckedContinuation<Void, Never>) in
      let last = PartitionAppend(
        partition: PartitionID(0), batch: makeBatch(messages(141...141))
      ) { _ in
        Thread.detachNewThread {
          log.close()
          ended.resume()
        }
        // So that it is being closed when this round ends.
        usleep(50_000)
      }
      log.append([last], mayBlock: true)
    }
  }

  @Test("syncs are quick where half take less than a millisecond and hardly any 10")
  func times() {
    var times = SyncTimes()
    #expect(!times.areQuick)
    for _ in 0..<127 { times.add(.microseconds(200)) }
    #expect(times.areQuick)
    for _ in 0..<64 { times.add(.milliseconds(1)) }
    #expect(times.areQuick)
    times.add(.milliseconds(1))
    #expect(!times.areQuick)
    for _ in 0..<128 { times.add(.microseconds(999)) }
    times.add(.milliseconds(10))
    #expect(times.areQuick)
    times.add(.milliseconds(10))
    #expect(!times.areQuick)
    for _ in 0..<127 { times.add(.microseconds(200)) }
    #expect(times.areQuick)
  }
}
