import DaybookModel
import Foundation
import NIOCore
import Ports
import Testing

@testable import SegmentLog

@Suite("Events are found by stream and by conversation")
struct PostingsTests {
  let zero = PartitionID(0)

  /// Events of 5 streams and conversations over several segments. Ids of conversation 2 come
  /// out of order, as through a relay that was late.
  private func scattered() -> [TestEvent] {
    (UInt64(0)..<300).map { number in
      let late = number % 60 == 59 ? 400 : UInt64(0)
      return TestEvent(
        stream: 100 + number % 5, conversation: number % 5 == 4 ? 2 : 10 + number % 5,
        seq: number / 5 + 1, messageID: 1000 + number * 10 - late, text: "event \(number)")
    }
  }

  private func filled() async throws -> (TestLog, [TestEvent]) {
    let test = try TestLog()
    let events = scattered()
    try await test.write(stride(from: 0, to: 300, by: 3).map { Array(events[$0..<$0 + 3]) })
    return (test, events)
  }

  private func check(_ log: any SearchableLog, _ events: [TestEvent]) throws {
    let all = events.enumerated().map { (offset: Offset(Int64($0.offset)), event: $0.element) }
    for stream in UInt64(99)...105 {
      for (first, last, limit) in [(1, 1000, 1000), (7, 20, 100), (30, 60, 5), (61, 90, 9)] {
        let expected = all.filter {
          $0.event.stream == stream && $0.event.seq >= UInt64(first)
            && $0.event.seq <= UInt64(last)
        }.prefix(limit).map { Posting(offset: $0.offset, value: $0.event.seq) }
        let found = try log.postings(
          zero, stream: stream, from: Seq(UInt64(first)), through: Seq(UInt64(last)),
          limit: limit)
        #expect(found == expected, "stream \(stream), \(first) to \(last)")
      }
    }
    for conversation in [UInt64(2), 10, 11, 13, 77] {
      let ids = all.filter { $0.event.conversation == conversation }
        .sorted { $0.event.messageID < $1.event.messageID }
        .map { Posting(offset: $0.offset, value: $0.event.messageID) }
      for (before, limit) in [(nil, 1000), (nil, 7), (2000, 10), (1300, 50), (1, 5)]
        as [(UInt64?, Int)]
      {
        let expected = ids.filter { $0.value < before ?? .max }.suffix(limit)
        let found = try log.postings(
          zero, conversation: conversation, before: before.map { MessageID($0) }, limit: limit)
        #expect(found == Array(expected), "conversation \(conversation) before \(before ?? 0)")
      }
    }
  }

  @Test("the same is found in the open segment, in sealed ones, and by another process's reader")
  func everywhere() async throws {
    let (test, events) = try await filled()
    #expect(try test.names().filter { $0.hasSuffix(FileNames.indexSuffix) }.count > 3)
    let log = try test.open()
    try check(log, events)
    try check(try test.reader(), events)
    log.close()
    let open = try TestLog(options: SegmentLogOptions(segmentBytes: 1 << 20))
    try await open.write([events])
    try check(try open.reader(), events)
  }

  @Test("appending goes on between queries of the open segment")
  func growing() async throws {
    let test = try TestLog(options: SegmentLogOptions(segmentBytes: 1 << 20))
    let log = try test.open()
    let events = scattered()
    for start in stride(from: 0, to: 300, by: 50) {
      _ = try await log.append(Array(events[start..<start + 50]))
      try check(log, Array(events[..<(start + 50)]))
    }
    log.close()
  }

  @Test("what is written and not yet durable takes nobody's place in a page")
  func inFlight() async throws {
    for durable in [UInt64(8), 200] {
      let test = try TestLog()
      let log = try test.open()
      for start in stride(from: 1, through: durable, by: 4) {
        _ = try await log.append(messages(start...start + 3))
      }
      // As the writer leaves it between a sync and its telling of it: some of them come before
      // what is durable, as through a relay, or are another stream's of the same fingerprint.
      let segments = log.partitions[0].segments
      guard case .fed(let index)? = segments.all.last?.currentIndex else {
        Issue.record("the last segment's index is not the writer's")
        return
      }
      let late = messages(durable + 1...durable + 20) + messages(1...20)
      let batch = makeBatch(late)
      let header = BatchHeader(
        partition: zero, epoch: log.epoch, baseOffset: segments.highWatermark,
        count: late.count, storedBytes: batch.bytes.readableBytes,
        rawBytes: batch.bytes.readableBytes, firstRecordedAt: .none, lastRecordedAt: .none,
        durableOffset: segments.highWatermark, previousChain: 0, storedChecksum: 0,
        rawChecksum: 0)
      index.add(header, chain: 0, position: index.facts.bytesUsed, slots: batch.slots)
      for limit in [1, 5, 8, 100] {
        let count = min(UInt64(limit), durable)
        let page = try log.postings(zero, conversation: 7, before: nil, limit: limit)
        #expect(page.map(\.value) == (durable - count + 1...durable).map { $0 * 10 })
        let stream = try log.postings(
          zero, stream: 3, from: Seq(1), through: Seq(1000), limit: limit)
        #expect(stream.map(\.value) == Array(1...count))
      }
      log.close()
    }
  }

  @Test("events of another stream with the same fingerprint hide none of a stream's own")
  func strangers() async throws {
    let own = messages(1...120)
    func strangers(_ range: ClosedRange<UInt64>) -> [TestEvent] {
      messages(range).map { event in
        var event = event
        event.text = "stranger \(event.seq)"
        return event
      }
    }
    let interleaved = zip(own, strangers(1...120).reversed()).flatMap { [$0, $1] }
    for events in [
      own + strangers(1...200), strangers(1...200) + own, interleaved,
      Array(own[..<60]) + strangers(30...90) + Array(own[60...]) + strangers(1...40),
    ] {
      let test = try TestLog()
      try await test.write(
        stride(from: 0, to: events.count, by: 4).map { at in
          Array(events[at..<min(at + 4, events.count)])
        })
      let log = try test.open()
      for reader in [log, try test.reader()] as [any SearchableLog] {
        for (first, last) in [(1, 120), (50, 120), (50, 60), (119, 1000), (120, 120)] {
          for limit in [3, 50, 1000] {
            try checkOwn(reader, own, first, last, limit)
          }
        }
      }
      log.close()
    }
  }

  /// Both ways of asking give the stream's own events from `first` on, without a gap, and all of
  /// them where a page is not full.
  private func checkOwn(
    _ log: any SearchableLog, _ own: [TestEvent], _ first: Int, _ last: Int, _ limit: Int
  ) throws {
    let isOwn = { (event: StoredEvent) throws(DaybookError) in
      event.bytes.withUnsafeReadableBytes { TestEvent($0)!.text.hasPrefix("message") }
    }
    let (from, through) = (Seq(UInt64(first)), Seq(UInt64(last)))
    let pages = [
      try log.postings(zero, stream: 3, from: from, through: through, limit: limit),
      try log.postings(
        zero, stream: 3, from: from, through: through, limit: limit, isOfStream: isOwn),
    ]
    let wanted = own.filter { $0.seq >= UInt64(first) && $0.seq <= UInt64(last) }
    for page in pages {
      let found = try log.events(zero, at: page.map(\.offset)).filter(isOwn).map {
        $0.bytes.withUnsafeReadableBytes { TestEvent($0)!.seq }
      }
      #expect(found == wanted.prefix(found.count).map(\.seq), "\(first) to \(last), \(limit)")
      #expect(page.count == limit || found.count == wanted.count, "\(first) to \(last), \(limit)")
    }
  }

  @Test("where the stream's own begin is known by one event, if there are no strangers")
  func oneLook() async throws {
    let (test, _) = try await filled()
    let log = try test.open()
    for (first, looks) in [(55, 1), (1, 1), (60, 1)] {
      var asked = 0
      let found = try log.postings(
        zero, stream: 100, from: Seq(UInt64(first)), through: Seq(60), limit: 100
      ) { _ in
        asked += 1
        return true
      }
      #expect(found.map(\.value) == Array(UInt64(first)...60))
      #expect(asked == looks)
    }
    log.close()
  }

  @Test("an index that is missing, cut short, wrong or another segment's is rebuilt")
  func rebuilt() async throws {
    let (test, events) = try await filled()
    let indexes = try test.names().filter { $0.hasSuffix(FileNames.indexSuffix) }
    let right = try indexes.map { try test.bytes($0) }
    let damages: [(String) throws -> Void] = [
      { try FileManager.default.removeItem(atPath: test.path($0)) },
      { try test.replace($0, with: []) },
      { try test.flip($0, at: 20) },
      { try test.flip($0, at: 200) },
      { try test.replace($0, with: Array(try test.bytes($0).dropLast())) },
      { try test.replace($0, with: right[0]) },
    ]
    for (at, damage) in damages.enumerated() {
      try damage(indexes[1])
      try check(try test.reader(), events)
      let log = try test.open()
      try check(log, events)
      #expect(try log.everything() == events)
      log.close()
      #expect(try test.bytes(indexes[1]) == right[1], "damage \(at)")
    }
    #expect(try test.reader().verify().ok)
  }

  @Test("verify names an index that does not agree with its segment")
  func verifyNamesIndex() async throws {
    let (test, _) = try await filled()
    let index = try #require(test.names().first { $0.hasSuffix(FileNames.indexSuffix) })
    try test.flip(index, at: 300)
    let faults = try test.reader().verify().faults
    #expect(faults.map(\.segment) == [index])
    #expect((faults[0].fromByte..<faults[0].toByte).contains(300))
  }

  @Test("a filter never denies a key that it holds")
  func filter() {
    let keys = (UInt64(0)..<1000).map { $0 &* 0x9e37_79b9_7f4a_7c15 }
    let words = BloomFilter.make(keys, count: keys.count)
    func mayHold(_ key: UInt64) -> Bool {
      BloomFilter.mayHold(key, wordCount: words.count) { words[$0] }
    }
    #expect(keys.allSatisfy(mayHold))
    let strangers = (UInt64(2000)..<12_000).map { $0 &* 0x9e37_79b9_7f4a_7c15 }
    #expect(strangers.filter(mayHold).count < 500)
  }
}
