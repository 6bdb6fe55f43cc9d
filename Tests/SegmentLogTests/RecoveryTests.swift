import DaybookModel
import Files
import NIOCore
import Ports
import Testing

@testable import SegmentLog

@Suite("Opening a log cuts what is provably torn, and nothing else")
struct RecoveryTests {
  let zero = PartitionID(0)
  let first = FileNames.segment(.zero)

  private func tornLog() async throws -> (TestLog, before: [String: [UInt8]], third: Range<Int>) {
    let test = try TestLog()
    let third = try await test.makeTorn()
    return (test, try test.contents(), third)
  }

  private func end(of test: TestLog) throws -> Int {
    Int(try test.reader().segments(of: zero).last!.bytesUsed)
  }

  @Test("a last batch torn at any byte is cut, kept aside and reported; what was before stays")
  func tornAnywhere() async throws {
    let (test, before, third) = try await tornLog()
    let whole = before[first]!
    var kept = 0
    for length in 0..<third.count {
      var torn = whole
      for at in third.lowerBound + length..<third.upperBound { torn[at] = 0 }
      // What follows may be zero already: then nothing is torn.
      let isWhole = torn == whole
      try test.restore(before)
      try test.replace(first, with: torn)
      let log = try test.open()
      #expect(
        try log.everything() == messages(1...(isWhole ? 6 : 4)), "torn after \(length) bytes")
      let cut = log.findings.contains { if case .cutTail = $0 { true } else { false } }
      #expect(cut == (length > 0 && !isWhole))
      _ = try await log.append(messages(7...8))
      #expect(try log.everything() == messages(1...(isWhole ? 6 : 4)) + messages(7...8))
      log.close()
      #expect(try test.reader().verify().ok)
      kept += try test.names().count { $0.hasSuffix(FileNames.cutSuffix) }
    }
    #expect(kept > 0)
  }

  @Test("any byte of the last batch may be wrong, if nobody was told that it is durable")
  func flippedAnywhere() async throws {
    let (test, before, third) = try await tornLog()
    for at in third {
      var torn = before[first]!
      torn[at] ^= 1
      try test.restore(before)
      try test.replace(first, with: torn)
      let log = try test.open()
      #expect(try log.everything() == messages(1...4), "byte \(at)")
      log.close()
    }
  }

  @Test("whole batches past the stated durable offset are kept and made durable")
  func keptPastWatermark() async throws {
    let (test, _, _) = try await tornLog()
    let log = try test.open()
    #expect(try log.everything() == messages(1...6))
    #expect(log.findings == [.madeDurable(zero, from: Offset(4), to: Offset(6))])
    log.close()
    let again = try test.open()
    #expect(again.findings.isEmpty)
    again.close()
  }

  @Test("a wrong byte in what was stated durable is corruption: read-only up to it, and named")
  func corruption() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2), messages(3...4), messages(5...6)])
    let whole = try test.bytes(first)
    let used = try end(of: test)
    for at in stride(from: 0, to: used, by: 7) {
      var wrong = whole
      wrong[at] ^= 0x10
      try test.replace(first, with: wrong)
      let log = try test.open()
      let before = UInt64(at / (used / 3)) * 2
      if before == 0 {
        #expect(await code { try log.everything() } == .logCorrupt)
      } else {
        #expect(try log.everything() == messages(1...before))
      }
      #expect(await code { try await log.append(messages(7...8)) } == .partitionReadOnly)
      log.close()
      let report = try test.reader().verify()
      #expect(report.faults.count == 1)
      #expect(report.events == 4)
      let fault = try #require(report.faults.first)
      #expect(fault.segment == first)
      #expect((fault.fromByte..<fault.toByte).contains(UInt64(at)))
    }
    try test.replace(first, with: whole)
    let log = try test.open()
    #expect(try log.everything() == messages(1...6))
    log.close()
  }

  @Test("a watermark that states more than the file holds is corruption")
  func shortFile() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2), messages(3...4)])
    let used = try end(of: test)
    var cut = try test.bytes(first)
    for at in used / 2..<cut.count { cut[at] = 0 }
    try test.replace(first, with: cut)
    let log = try test.open()
    #expect(try log.everything() == messages(1...2))
    #expect(await code { try await log.append(messages(7...8)) } == .partitionReadOnly)
    guard case .corrupt(let fault) = log.findings.first else {
      Issue.record("no corruption found")
      return
    }
    #expect(fault.offset == Offset(2))
    log.close()
    #expect(try test.reader().verify().faults.count == 1)
  }

  @Test("a batch after a torn one that states it durable makes the tear corruption")
  func statedByLaterBatch() async throws {
    let test = try TestLog()
    let log = try test.open()
    let early = try test.bytes(FileNames.watermark)
    _ = try await log.append(messages(1...2))
    _ = try await log.append(messages(3...4))
    log.close()
    try test.replace(FileNames.watermark, with: early)
    try test.flip(first, at: 100)
    let again = try test.open()
    #expect(await code { try again.everything() } == .logCorrupt)
    #expect(await code { try await again.append(messages(7...8)) } == .partitionReadOnly)
    again.close()
  }

  @Test("bytes of a message that look like a batch are no batch")
  func quotedBatch() async throws {
    let test = try TestLog()
    let log = try test.open()
    _ = try await log.append(messages(1...2))
    let batch = Array(try test.bytes(first)[..<(try end(of: test))])
    let watermark = try test.bytes(FileNames.watermark)
    let quote = TestEvent(text: "")
    var events = makeBatch([quote]).bytes
    // A body whose one event carries the first batch, byte for byte.
    let bytes = quote.bytes + batch
    events.moveWriterIndex(to: BatchHeader.byteCount)
    events.writeInteger(UInt32(bytes.count), endianness: .little)
    events.writeBytes(bytes)
    let quoting = AppendBatch(
      bytes: events, slots: [quote.slot(start: 4)], firstRecordedAt: Timestamp(milliseconds: 1),
      lastRecordedAt: Timestamp(milliseconds: 1))
    await withCheckedContinuation { continuation in
      log.append(quoting, to: zero) { _ in continuation.resume() }
    }
    log.close()
    #expect(try test.reader().verify() == VerifyReport(events: 3, partitions: 1, faults: []))
    // Torn in its header: the quoted batch behind it must not count as one that follows.
    try test.replace(FileNames.watermark, with: watermark)
    try test.flip(first, at: batch.count + 20)
    let again = try test.open()
    #expect(try again.everything() == messages(1...2))
    _ = try await again.append(messages(3...4))
    again.close()
  }

  @Test("a length beyond the limit is refused before memory is taken for it")
  func lengthBounds() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2)])
    let manifest = try LogFolder(files: PosixFileSystem(), path: test.folder).manifest()
    var bytes = try test.bytes(first)
    let header = BatchHeader(
      partition: zero, epoch: Epoch(1), baseOffset: Offset(2), count: 1,
      storedBytes: Int(UInt32.max), rawBytes: Int(UInt32.max), firstRecordedAt: .none,
      lastRecordedAt: .none, durableOffset: Offset(2), previousChain: 0, storedChecksum: 0,
      rawChecksum: 0)
    let used = try end(of: test)
    bytes.withUnsafeMutableBytes {
      header.encode(into: UnsafeMutableRawBufferPointer(rebasing: $0[used...]), manifest.seed)
      let all = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer($0)[used...])
      guard case .invalid = BatchHeader.decode(all, manifest.seed) else {
        Issue.record("the header was taken")
        return
      }
    }
    try test.replace(first, with: bytes)
    let log = try test.open()
    #expect(try log.everything() == messages(1...2))
    log.close()
  }
}
