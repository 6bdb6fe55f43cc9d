import DaybookModel
import DaybookSchema
import Doubles
import LogReading
import Ports
import Testing

@Suite("a log's events of a time and later")
struct TimeSeekTests {
  @Test(
    "are found by halves as by looking at each",
    arguments: [OffsetRule.contiguous, .from1000, .gaps].indices, [0, 1, 2, 50, 333])
  func found(rule: Int, count: Int) throws {
    let log = MemoryLog(
      partitions: 1, offsets: [OffsetRule.contiguous, .from1000, .gaps][rule], batchEvents: 4)
    var sample = SampleEvents(seed: UInt64(count))
    log.append(
      (0..<count).map { index in
        var event = sample.event(.acked)
        event.recordedAt = Timestamp(milliseconds: UInt64(100 + index / 5 * 3))
        return event
      })
    let partition = PartitionID(0)
    let batches = log.batches(partition)
    for time in UInt64(98)...UInt64(100 + count) {
      let wanted =
        batches.first { $0.lastRecordedAt >= Timestamp(milliseconds: time) }?.baseOffset
        ?? log.highWatermark(of: partition)
      #expect(
        try log.offset(of: partition, recordedFrom: Timestamp(milliseconds: time)) == wanted)
    }
  }
}
