import DaybookModel
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
    files.fail(.allocate, ENOSPC)
    var stored: UInt64 = 0
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

  @Test("after a refusal for want of room, nothing of the same generation is taken")
  func generations() async throws {
    let test = try TestLog()
    let files = FaultyFileSystem()
    let log = try test.open(files: files)
    files.fail(.allocate, ENOSPC)
    let large = [TestEvent(text: String(repeating: "x", count: 5000))]
    _ = try await log.append(messages(1...1), generation: 1)
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

/// Steele, Lea and Flood's generator: a seed gives the same run everywhere.
struct SplitMix {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
