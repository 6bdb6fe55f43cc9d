import DaybookModel
import Ports
import Testing

@testable import SegmentLog

@Suite("A damaged log gives all that is good")
struct SalvageTests {
  let zero = PartitionID(0)

  /// One segment of 40 batches of two events, all of one size; returns the size of one.
  private func damaged(at batches: [Int]) async throws -> (TestLog, size: Int) {
    let test = try TestLog(
      options: SegmentLogOptions(
        segmentBytes: 1 << 16, firstSegmentBytes: 1 << 16, reserveBytes: 4096))
    try await test.write((UInt64(0)..<40).map { messages(100 + $0 * 2...101 + $0 * 2) })
    let used = Int(try test.reader().segments(of: zero)[0].bytesUsed)
    for batch in batches { try test.flip(FileNames.segment(.zero), at: used / 40 * batch + 90) }
    return (test, used / 40)
  }

  @Test("salvage passes over what is damaged, wherever it is, and gives the rest once, in order")
  func salvage() async throws {
    for batches in [[0], [39], [3, 4, 5], [0, 7, 20, 39], Array(0..<39)] {
      let (test, _) = try await damaged(at: batches)
      var events: [TestEvent] = []
      let faults = try test.reader().salvage(zero, from: .zero) { batch, _ in
        events += try batch.testEvents()
      }
      var good: [TestEvent] = []
      for batch in 0..<40 where !batches.contains(batch) {
        let first = UInt64(100 + batch * 2)
        good += messages(first...first + 1)
      }
      #expect(events == good, "\(batches)")
      #expect(!faults.isEmpty)
    }
  }

  @Test("an offset that two batches have comes once, and that the next is missing is told")
  func overlapping() async throws {
    let (test, size) = try await damaged(at: [])
    let name = FileNames.segment(.zero)
    let seed = try test.reader().surveys[0].seeds.current
    var bytes = try test.bytes(name)
    // The batch of offsets 6 and 7 says that its are 5 and 6.
    bytes.withUnsafeMutableBytes { raw in
      let place = UnsafeMutableRawBufferPointer(
        rebasing: raw[3 * size..<3 * size + BatchHeader.byteCount])
      guard case .header(var header) = BatchHeader.decode(UnsafeRawBufferPointer(place), seed)
      else { return }
      (header.baseOffset, header.durableOffset) = (Offset(5), .zero)
      header.encode(into: place, seed)
    }
    try test.replace(name, with: bytes)
    var offsets: [Int64] = []
    let faults = try test.reader().salvage(zero, from: .zero) { batch, first in
      offsets += first.rawValue..<batch.nextOffset.rawValue
    }
    #expect(offsets == (0..<80).filter { $0 != 7 })
    #expect(faults.map(\.offset) == [Offset(6)])
  }

  @Test("verify goes on behind each fault, and sums up what is alike")
  func verify() async throws {
    let (test, size) = try await damaged(at: [3, 4, 5, 20])
    let report = try test.reader().verify()
    #expect(report.events == 72)
    #expect(report.faults.reduce(0) { $0 + $1.count } == 4)
    let first = try #require(report.faults.first)
    #expect(first.fromByte == UInt64(size * 3) && first.offset == Offset(6))
  }

  @Test("what an overtaken owner left behind its last batch is no fault; what nobody wrote is one")
  func leftBehind() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2)])
    try await test.write([messages(3...4)])
    let first = FileNames.segment(.zero)
    try test.replace(first, with: try test.bytes(first) + Array(repeating: 0x5a, count: 300))
    let torn = try test.reader().verify()
    #expect(torn.ok && torn.events == 4, "\(torn.faults)")

    let rolled = try TestLog(
      options: SegmentLogOptions(segmentBytes: 512, firstSegmentBytes: 512, reserveBytes: 512))
    try await rolled.write((0..<8).map { messages($0 * 2 + 1...$0 * 2 + 2) })
    #expect(try rolled.reader().segments(of: zero).count > 1)
    try rolled.replace(first, with: try rolled.bytes(first) + Array(repeating: 0x5a, count: 300))
    let foreign = try rolled.reader().verify()
    #expect(foreign.faults.map(\.segment) == [first] && foreign.events == 16)
  }

  @Test("how far verify is never goes back nor past its end, which it reaches, through any damage")
  func progress() async throws {
    for batches in [[], [3], [0, 39], Array(0..<39)] {
      let (test, size) = try await damaged(at: batches)
      var reached: [VerifyProgress] = []
      _ = try test.reader().verify { reached.append($0) }
      #expect(reached.allSatisfy { $0.total == reached[0].total && $0.done <= $0.total })
      #expect(reached.map(\.done) == reached.map(\.done).sorted())
      #expect(reached.last.map { $0.done == $0.total } == true, "\(batches)")
      #expect(reached.last?.total == UInt64(size * 40), "\(batches)")
    }
  }

  @Test("a reader gives what lies before the damage, and says that there is some")
  func reader() async throws {
    let (test, _) = try await damaged(at: [20])
    let reader = try test.reader()
    #expect(reader.isDamaged)
    #expect(reader.highWatermark(of: zero) == Offset(40))
    #expect(try reader.everything() == messages(100...139))
    let found = try reader.postings(zero, conversation: 7, before: nil, limit: 5)
    #expect(found.map(\.value) == [1350, 1360, 1370, 1380, 1390])
  }

  @Test("what is written and nobody states to be durable is not shown to who only asks")
  func unsettled() async throws {
    let test = try TestLog()
    _ = try await test.makeTorn()
    let reader = try test.reader()
    #expect(try reader.everything() == messages(1...4))
    #expect(reader.findings == [.unsettled(zero, from: Offset(4), to: Offset(6))])
    #expect(!reader.isDamaged)
  }
}
