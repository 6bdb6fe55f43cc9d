import DaybookModel
import Files
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Testing

@testable import SegmentLog

@Suite("Disks fill up and fail; what was acked stays")
struct FaultTests {
  let zero = PartitionID(0)

  @Test("a full disk refuses appends, reads go on, and appends resume when there is room")
  func fullDisk() async throws {
    for (partly, times) in [(0, 1), (1, 1), (50, 1), (100, 1), (100, .max), (300, .max)] {
      let test = try TestLog()
      let files = FaultyFileSystem()
      let log = try test.open(files: files)
      _ = try await log.append(messages(1...2))
      // Once: what got through is zeroed. Ever: that fails too, and the file is cut.
      files.fail(.write, ENOSPC, partly: partly, times: times)
      #expect(await code { try await log.append(messages(3...8)) } == .storageFull)
      #expect(try log.everything() == messages(1...2))
      let tail = try SegmentScan(
        log.partitions[0].segments.all[0], of: log.partitions[0].segments, chainBefore: 0,
        epoch: Epoch(0))
      #expect(tail.stop == .unwritten)
      files.heal()
      _ = try await log.append(messages(3...4))
      #expect(try log.everything() == messages(1...4))
      log.close()
      let again = try test.open()
      #expect(again.findings.isEmpty)
      #expect(try again.everything() == messages(1...4))
      again.close()
    }
  }

  @Test("a partition in which a partly written batch can't be undone takes no more")
  func notUndone() async throws {
    let test = try TestLog()
    let files = FaultyFileSystem()
    let log = try test.open(files: files)
    _ = try await log.append(messages(1...2))
    files.fail(.write, ENOSPC, partly: 100)
    files.fail(.truncate, EIO)
    #expect(await code { try await log.append(messages(3...8)) } == .storageFailed)
    files.heal()
    #expect(await code { try await log.append(messages(3...8)) } == .storageFailed)
    log.close()
    let again = try test.open()
    #expect(try again.everything() == messages(1...2))
    again.close()
  }

  @Test("no room for the next segment: storage_full until there is, then it rolls")
  func fullAtRoll() async throws {
    let test = try TestLog()
    let files = FaultyFileSystem()
    let log = try test.open(files: files)
    _ = try await log.append(messages(1...4))
    files.fail(.allocate, ENOSPC)
    var stored: UInt64 = 4
    var refused: ErrorCode?
    while refused == nil {
      refused = await code { try await log.append(messages(stored + 1...stored + 4)) }
      if refused == nil { stored += 4 }
    }
    #expect(refused == .storageFull)
    #expect(await code { try await log.append(messages(900...930)) } == .storageFull)
    #expect(try log.everything() == messages(1...stored))
    files.heal()
    for _ in 0..<40 {
      _ = try await log.append(messages(stored + 1...stored + 4))
      stored += 4
    }
    #expect(try log.everything() == messages(1...stored))
    log.close()
    let again = try test.open()
    #expect(again.findings.isEmpty)
    #expect(try again.everything() == messages(1...stored))
    again.close()
  }

  @Test("where the disk has no room for a whole segment, a smaller one is begun")
  func smallerSegments() async throws {
    let test = try TestLog(
      options: SegmentLogOptions(
        segmentBytes: 1 << 16, firstSegmentBytes: 4096, reserveBytes: 4096))
    let files = FaultyFileSystem()
    let log = try test.open(files: files)
    files.limit(fileBytes: 10_000)
    for batch in UInt64(0)..<80 {
      _ = try await log.append(messages(batch * 4 + 1...batch * 4 + 4))
    }
    #expect(try test.reader().segments(of: zero).count > 3)
    // Less than the smallest segment, and than the batch, is no room.
    files.limit(fileBytes: 4000)
    let large = [TestEvent(text: String(repeating: "x", count: 20_000))]
    #expect(await code { try await log.append(large) } == .storageFull)
    files.limit(fileBytes: 24_000)
    _ = try await log.append(large)
    log.close()
    let again = try test.open()
    #expect(again.findings.isEmpty)
    #expect(try again.everything() == messages(1...320) + large)
    again.close()
  }

  @Test(
    "out of file descriptors at a roll: appends are refused for now, and go on without a restart",
    arguments: ["", "/log/0", TemporaryName.suffix])
  func outOfFiles(_ which: String) async throws {
    let test = try TestLog()
    let files = FaultyFileSystem()
    let log = try test.open(files: files)
    files.fail(.open, EMFILE) { $0.hasSuffix(which) }
    var stored: UInt64 = 0
    var refused: ErrorCode?
    // A segment that was made ready before may serve once; none after it.
    while refused == nil, stored < 1000 {
      refused = await code {
        try await log.append(messages(stored + 1...stored + 4), generation: 1)
      }
      if refused == nil { stored += 4 }
    }
    #expect(refused == .overloaded)
    files.heal()
    #expect(await code { try await log.append(messages(5...5), generation: 1) } == .overloaded)
    #expect(try log.everything() == (stored == 0 ? [] : messages(1...stored)))
    for _ in 0..<40 {
      _ = try await log.append(messages(stored + 1...stored + 4), generation: 2)
      stored += 4
    }
    #expect(try log.everything() == messages(1...stored))
    log.close()
    #expect(try test.names().allSatisfy { !$0.hasSuffix(TemporaryName.suffix) })
    let again = try test.open()
    #expect(again.findings.isEmpty)
    #expect(try again.everything() == messages(1...stored))
    again.close()
  }

  @Test("a segment whose name the last owner did not sync is not lost with what is acked in it")
  func unsyncedName() async throws {
    let test = try TestLog()
    let files = FaultyFileSystem()
    let log = try test.open(files: files)
    let folder = test.partitionFolder
    _ = try await log.append(messages(1...4))
    files.fail(.syncData, EIO) { $0 == folder }
    var stored: UInt64 = 4
    while await code({ try await log.append(messages(stored + 1...stored + 4)) }) == nil {
      stored += 4
    }
    log.close()
    #expect(try test.names().filter { $0.hasSuffix(FileNames.segmentSuffix) }.count == 2)
    files.heal()
    // Writing the index that is missing would sync the folder by the way.
    files.fail(.open, ENOSPC) { $0.contains(FileNames.indexSuffix) }
    let next = try test.open(files: files)
    _ = try await next.append(messages(stored + 1...stored + 4))
    next.close()
    try files.crash { false }
    let again = try test.open()
    #expect(try again.everything() == messages(1...stored + 4))
    again.close()
  }

  @Test("being out of file descriptors takes nothing from a reader who tries again")
  func outOfFilesReading() async throws {
    let test = try TestLog()
    let files = FaultyFileSystem()
    // What was just written is in memory.
    try await test.write([messages(1...2)])
    let log = try test.open(files: files)
    files.fail(.open, EMFILE)
    #expect(await code { try log.everything() } == .overloaded)
    files.heal()
    #expect(try log.everything() == messages(1...2))
    log.close()
  }

  @Test("after a refusal for want of room, nothing of the same generation is taken")
  func generations() async throws {
    let test = try TestLog()
    let files = FaultyFileSystem()
    let log = try test.open(files: files)
    _ = try await log.append(messages(1...1), generation: 1)
    files.fail(.allocate, ENOSPC)
    let large = [TestEvent(text: String(repeating: "x", count: 5000))]
    #expect(await code { try await log.append(large, generation: 1) } == .storageFull)
    files.heal()
    #expect(await code { try await log.append(messages(2...2), generation: 1) } == .storageFull)
    _ = try await log.append(messages(2...2), generation: 2)
    #expect(try log.everything() == messages(1...2))
    log.close()
  }

  @Test("a full disk can still be opened: the reserve makes room")
  func reserve() async throws {
    let test = try TestLog()
    try await test.write([messages(1...2)])
    let path = test.folder + "/" + FileNames.reserve
    let files = FaultyFileSystem()
    #expect(try files.exists(path))
    files.fail(.open, ENOSPC)
    // Without the room that it gives, opening fails; the reserve is gone after the attempt.
    #expect(await code { try test.open(files: files) } == .storageFull)
    #expect(try !files.exists(path))
    files.heal()
    let log = try test.open(files: files)
    #expect(try log.everything() == messages(1...2))
    #expect(try files.exists(path))
    log.close()
  }

  @Test("a full disk opens without an index file: the index is in memory until there is room")
  func unsealedIndex() async throws {
    let test = try TestLog()
    try await test.write((UInt64(0)..<60).map { messages($0 * 4 + 1...$0 * 4 + 4) })
    let segments = try test.names().filter { $0.hasSuffix(FileNames.segmentSuffix) }
    let indexes = try test.names().filter { $0.hasSuffix(FileNames.indexSuffix) }
    #expect(indexes.count > 2)
    let right = try indexes.map { try test.bytes($0) }
    let files = FaultyFileSystem()
    for index in indexes { try files.remove(test.path(index)) }
    files.fail(.open, ENOSPC) { $0.contains(FileNames.indexSuffix) }
    let log = try test.open(files: files)
    #expect(log.findings == segments.dropLast().map { .unsealedIndex(zero, segment: $0) })
    #expect(try log.everything() == messages(1...240))
    let found = try log.postings(
      zero, stream: 3, from: Seq(2), through: Seq(239), limit: 1000)
    #expect(found.map(\.value) == Array(2...239))
    _ = try await log.append(messages(241...244))
    #expect(try test.names().allSatisfy { !$0.hasSuffix(FileNames.indexSuffix) })
    files.heal()
    log.close()
    #expect(try indexes.map { try test.bytes($0) } == right)
    let again = try test.open()
    #expect(again.findings.isEmpty)
    #expect(try again.everything() == messages(1...244))
    again.close()
  }

  @Test("a torn tail that can't be kept aside for want of room is left, and cut when there is room")
  func leftTail() async throws {
    let test = try TestLog()
    let segment = FileNames.segment(.zero)
    let third = try await test.makeTorn()
    let (start, end) = (third.lowerBound, third.upperBound)
    try test.flip(segment, at: start + 100)
    let torn = try test.bytes(segment)
    // The second time under an epoch of its own, after a stop with the tail still there.
    for _ in 0..<2 {
      let files = FaultyFileSystem()
      files.fail(.open, ENOSPC) { $0.contains(FileNames.cutSuffix) }
      let log = try test.open(files: files)
      guard case .leftTail(let fault, let keptIn) = log.findings.first else {
        Issue.record("no tail was left: \(log.findings)")
        return
      }
      #expect(fault.fromByte..<fault.toByte == UInt64(start)..<UInt64(end))
      #expect(try log.everything() == messages(1...4))
      #expect(await code { try await log.append(messages(7...8)) } == .storageFull)
      #expect(try test.bytes(segment) == torn)
      #expect(try !files.exists(test.path(keptIn)))
      log.close()
    }
    let files = FaultyFileSystem()
    files.fail(.open, ENOSPC, times: 2) { $0.contains(FileNames.cutSuffix) }
    let log = try test.open(files: files)
    guard case .leftTail(_, let keptIn) = log.findings.first else {
      Issue.record("no tail was left: \(log.findings)")
      return
    }
    #expect(await code { try await log.append(messages(7...8)) } == .storageFull)
    _ = try await log.append(messages(7...8))
    #expect(try test.bytes(keptIn) == Array(torn[start..<end]))
    #expect(try log.everything() == messages(1...4) + messages(7...8))
    log.close()
    #expect(try test.reader().verify() == VerifyReport(events: 6, partitions: 1, faults: []))
  }

  @Test(
    "a failed write or sync is final, and the sync is not tried again",
    arguments: [FaultyFileSystem.Operation.write, .syncData])
  func finalFailure(_ operation: FaultyFileSystem.Operation) async throws {
    let test = try TestLog()
    let files = FaultyFileSystem()
    let log = try test.open(files: files)
    _ = try await log.append(messages(1...2))
    files.fail(operation, EIO)
    #expect(await code { try await log.append(messages(3...4)) } == .storageFailed)
    let syncs = files.syncs
    files.heal()
    #expect(await code { try await log.append(messages(3...4)) } == .storageFailed)
    #expect(try log.everything() == messages(1...2))
    log.close()
    #expect(files.syncs == syncs)
    // Unanswered, the batch may be there or not; what was acked is.
    let again = try test.open()
    let events = try again.everything()
    #expect(events == messages(1...2) || events == messages(1...4))
    again.close()
  }

  @Test("after any power failure, all that was acked is there, in order, once", arguments: 0..<30)
  func powerFailure(_ seed: UInt64) async throws {
    var random = SplitMix(seed: seed)
    let test = try TestLog()
    var acked: UInt64 = 0
    var sent: UInt64 = 0
    for _ in 0..<4 {
      let files = FaultyFileSystem()
      let log = try test.open(files: files)
      // What was sent and not acked may have survived: go on behind it.
      let events = try log.everything()
      #expect(events.count >= Int(acked) && events.count <= Int(sent))
      #expect(events == (events.isEmpty ? [] : messages(1...UInt64(events.count))))
      sent = UInt64(events.count)
      acked = sent
      let highest = NIOLockedValueBox(acked)
      let killAfter = Int(random.next() % 40)
      for batch in 0..<60 {
        if batch == killAfter { files.kill() }
        let last = sent + 1 + random.next() % 12
        let append = makeBatch(messages(sent + 1...last))
        sent = last
        let waits = random.next() % 4 == 0
        await withCheckedContinuation { continuation in
          log.append(append, to: zero) { result in
            if case .success = result { highest.withLockedValue { $0 = last } }
            if waits { continuation.resume() }
          }
          if !waits { continuation.resume() }
        }
      }
      log.close()
      acked = highest.withLockedValue { $0 }
      try files.crash { random.next() % 2 == 0 }
    }
    let log = try test.open()
    #expect(log.findings.allSatisfy { if case .corrupt = $0 { false } else { true } })
    log.close()
  }
}

extension FaultTests {
  @Test(
    "after refusals for what passes, and a power failure, all that was acked is there, once",
    arguments: 0..<20)
  func refusalsAndPowerFailure(_ seed: UInt64) async throws {
    var random = SplitMix(seed: seed)
    let test = try TestLog()
    var acked: UInt64 = 0
    var sent: UInt64 = 0
    for _ in 0..<3 {
      let files = FaultyFileSystem()
      let log = try test.open(files: files)
      let events = try log.everything()
      #expect(events.count >= Int(acked) && events.count <= Int(sent))
      #expect(events == (events.isEmpty ? [] : messages(1...UInt64(events.count))))
      acked = UInt64(events.count)
      let killAfter = Int(random.next() % 60)
      for batch in 0...killAfter {
        switch random.next() % 6 {
        case 0: files.fail(.open, EMFILE)
        case 1: files.fail(.allocate, ENOSPC)
        case 2: files.fail(.write, ENOSPC, partly: Int(random.next() % 300), times: 1)
        default: files.heal()
        }
        if batch == killAfter { files.kill() }
        let last = acked + 1 + random.next() % 12
        sent = last
        switch await code({ try await log.append(messages(acked + 1...last)) }) {
        case nil: acked = last
        case .storageFull, .overloaded: sent = acked
        default: #expect(batch == killAfter)
        }
      }
      log.close()
      try files.crash { random.next() % 2 == 0 }
    }
    let log = try test.open()
    #expect(log.findings.allSatisfy { if case .corrupt = $0 { false } else { true } })
    log.close()
  }
}
