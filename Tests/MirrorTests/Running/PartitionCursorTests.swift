import DaybookModel
import Doubles
import Testing

@testable import Mirror

@Suite("Going through a partition")
struct PartitionCursorTests {
  private func taken(
    _ log: MemoryLog, from first: Offset, limits: [Int]
  ) throws -> (offsets: [Offset], next: Offset) {
    var cursor = PartitionCursor(PartitionID(0), at: first)
    var offsets: [Offset] = []
    var turn = 0
    while true {
      let limit = limits[turn % limits.count]
      turn += 1
      let count = try cursor.take(limit, of: log) { offset, _ throws(DaybookError) in
        offsets.append(offset)
      }
      #expect(count <= limit)
      if count < limit { return (offsets, cursor.next) }
    }
  }

  private func offsets(_ log: MemoryLog, from first: Offset) -> [Offset] {
    log.batches(PartitionID(0)).flatMap { batch in (0..<batch.count).map { batch.offset(of: $0) } }
      .filter { $0 >= first }
  }

  @Test(
    "each event comes once, in order, however many are taken at a time, with gaps and without",
    arguments: [OffsetRule.contiguous, .from1000, .gaps], [[1], [3], [7, 2], [1_000]])
  func all(rule: OffsetRule, limits: [Int]) throws {
    let log = MemoryLog(partitions: 1, offsets: rule, readBatchesMax: 3)
    try MirrorWorld.add(200, to: log)
    let all = offsets(log, from: .zero)
    for first in [all[0], all[1], all[99], all[100], all[199]] {
      let (found, next) = try taken(log, from: first, limits: limits)
      #expect(found == offsets(log, from: first))
      #expect(next == log.highWatermark(of: PartitionID(0)))
    }
  }

  @Test("at the head there is nothing, and then what came")
  func head() throws {
    let log = MemoryLog(partitions: 1)
    var cursor = PartitionCursor(PartitionID(0), at: .zero)
    #expect(try cursor.take(10, of: log) { _, _ throws(DaybookError) in } == 0)
    try MirrorWorld.add(5, to: log)
    #expect(try cursor.take(10, of: log) { _, _ throws(DaybookError) in } == 5)
    #expect(cursor.next == Offset(5))
  }

  @Test("what could not be taken is taken again")
  func failure() throws {
    let log = MemoryLog(partitions: 1)
    try MirrorWorld.add(20, to: log)
    var cursor = PartitionCursor(PartitionID(0), at: .zero)
    var seen: [Offset] = []
    #expect(throws: DaybookError.self) {
      _ = try cursor.take(20, of: log) { offset, _ throws(DaybookError) in
        if offset == Offset(11) { throw DaybookError(.kafkaFailed, "no") }
      }
    }
    #expect(cursor.next == Offset(11))
    _ = try cursor.take(20, of: log) { offset, _ throws(DaybookError) in seen.append(offset) }
    #expect(seen == (11..<20).map { Offset($0) })
  }
}
