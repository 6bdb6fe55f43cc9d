import CChecksum
import DaybookModel
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Testing

@testable import SegmentLog

@Suite("A log gives back what it was given")
struct RoundTripTests {
  let zero = PartitionID(0)

  @Test("CRC32C is that of RFC 3720, by instruction and by table")
  func checksum() {
    let digits = Array("123456789".utf8)
    #expect(daybook_crc32c(0, digits, digits.count) == 0xe306_9283)
    #expect(daybook_crc32c_table(0, digits, digits.count) == 0xe306_9283)
    let many = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 3) }
    for count in [0, 1, 7, 8, 9, 3071, 3072, 3073, 6144, 9999] {
      #expect(daybook_crc32c(77, many, count) == daybook_crc32c_table(77, many, count))
    }
  }

  @Test("events come back in order, before and after a reopening, across segments")
  func roundTrip() async throws {
    let test = try TestLog()
    let log = try test.open()
    #expect(log.findings.isEmpty)
    var expected: [TestEvent] = []
    for batch in UInt64(0)..<40 {
      let events = messages(batch * 5 + 1...batch * 5 + 5)
      let committed = try await log.append(events)
      #expect(committed.baseOffset == Offset(Int64(batch) * 5))
      #expect(try committed.testEvents() == events)
      #expect(committed.slots?.count == 5)
      #expect(log.highWatermark(of: zero) == committed.nextOffset)
      expected += events
    }
    #expect(try log.everything() == expected)
    #expect(try test.reader().segments(of: zero).count > 2)
    log.close()
    let again = try test.open()
    #expect(again.findings.isEmpty)
    #expect(again.epoch > log.epoch)
    #expect(try again.everything() == expected)
    let more = try await again.append(messages(201...203))
    #expect(more.baseOffset == Offset(200))
    #expect(try again.everything() == expected + messages(201...203))
    again.close()
  }

  @Test("batches queued together complete in the order of their appending")
  func order() async throws {
    let test = try TestLog()
    let log = try test.open()
    let offsets = NIOLockedValueBox<[Offset]>([])
    await withCheckedContinuation { continuation in
      for number in UInt64(1)...500 {
        log.append(makeBatch(messages(number...number)), to: zero) { result in
          let base = try? result.get().baseOffset
          let count = offsets.withLockedValue {
            $0.append(base ?? Offset(-1))
            return $0.count
          }
          if count == 500 { continuation.resume() }
        }
      }
    }
    #expect(offsets.withLockedValue { $0 } == (0..<500).map { Offset($0) })
    #expect(try log.everything() == messages(1...500))
    log.close()
  }

  @Test(
    "a read begins with the batch that holds the offset, and stops at about the bytes asked for")
  func reading() async throws {
    let test = try TestLog()
    let log = try test.open()
    for batch in UInt64(0)..<20 {
      _ = try await log.append(messages(batch * 4 + 1...batch * 4 + 4))
    }
    let one = try log.read(zero, from: Offset(6), bytesMax: 1).batches
    #expect(one.map(\.baseOffset) == [Offset(4)])
    let two = try log.read(
      zero, from: Offset(6), bytesMax: one[0].body.readableBytes + 100
    ).batches
    #expect(two.map(\.baseOffset) == [Offset(4), Offset(8)])
    #expect(try log.read(zero, from: Offset(80), bytesMax: 1).batches.isEmpty)
    #expect(
      await code { try log.read(zero, from: Offset(81), bytesMax: 1) } == .offsetOutOfRange)
    let offsets = [1, 2, 3, 17, 40, 41, 79].map { Offset($0) }
    let events = try log.events(zero, at: offsets)
    #expect(events.map(\.offset) == offsets)
    #expect(
      events.map { $0.bytes.withUnsafeReadableBytes { TestEvent($0)?.seq } }
        == [2, 3, 4, 18, 41, 42, 80])
    #expect(try log.events(zero, at: []).isEmpty)
    let same = try log.events(zero, at: [Offset(9), Offset(9)])
    #expect(same.map(\.offset) == [Offset(9), Offset(9)])
    for disorder: [Int64] in [[9, 8], [9, 2], [70, 3]] {
      #expect(
        await code { try log.events(zero, at: disorder.map { Offset($0) }) } == .invalidArgument)
    }
    log.close()
  }

  @Test("a batch larger than a segment gets one of its own")
  func largeBatch() async throws {
    let test = try TestLog()
    let log = try test.open()
    let large = [TestEvent(text: String(repeating: "x", count: 100_000))]
    _ = try await log.append(messages(1...2))
    _ = try await log.append(large)
    _ = try await log.append(messages(3...4))
    let expected = messages(1...2) + large + messages(3...4)
    #expect(try log.everything() == expected)
    log.close()
    let again = try test.open()
    #expect(again.findings.isEmpty)
    #expect(try again.everything() == expected)
    again.close()
  }

  @Test("a small log takes little room: a quarter of what it holds, and room for some batches")
  func room() async throws {
    let test = try TestLog(options: SegmentLogOptions())
    let batch = [TestEvent(text: String(repeating: "x", count: 40_000))]
    var written = 0
    for opening in 0..<3 {
      let log = try test.open()
      for _ in 0..<(opening == 0 ? 1 : 80) {
        _ = try await log.append(batch)
        written += BatchHeader.byteCount + 4 + batch[0].bytes.count
        let room = try test.names().filter { !$0.hasSuffix(FileNames.indexSuffix) }.reduce(0) {
          // The next segment may be getting its name just now.
          $0 + ((try? test.size($1)) ?? 0)
        }
        // What is being filled, and what is ready for after that: each an eighth, or four batches.
        let batches = 2 * 4 * (BatchHeader.byteCount + 4 + batch[0].bytes.count)
        let least = max(2 * test.options.firstSegmentBytes, batches)
        #expect(room <= written + written / 4 + least + 8192)
      }
      log.close()
    }
    #expect(try test.reader().segments(of: zero).count > 10)
  }

  @Test("partitions are apart")
  func partitions() async throws {
    let test = try TestLog(partitions: 3)
    let log = try test.open()
    for index in 0..<3 {
      _ = try await log.append([TestEvent(text: "p\(index)")], to: PartitionID(index))
    }
    for index in 0..<3 {
      #expect(try log.everything(PartitionID(index)).map(\.text) == ["p\(index)"])
    }
    log.close()
  }
}
