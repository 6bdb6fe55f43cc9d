import DaybookModel
import Doubles
import Ports
import Testing

@testable import Projections

/// What is committed reaches projections from memory, and where it does not, from the log: either way
/// the same comes of it.
@Suite("feeding projections from memory") struct BatchFeedTests {
  private let folder: TemporaryFolder
  private let corrupt = DaybookError(.logCorrupt, "the log is damaged")

  init() throws { folder = try TemporaryFolder() }

  private static let rules: [OffsetRule] = [.contiguous, .from1000, .gaps]

  private func heads(_ log: MemoryLog) -> [Offset] {
    (0..<log.partitionCount).map { log.highWatermark(of: PartitionID($0)) }
  }

  private func foldAll(_ engine: ProjectionEngine) { while engine.foldNext() != nil {} }

  @Test(
    "who is at the head reads nothing from the log, whatever offsets it has",
    arguments: rules.indices)
  func fromMemory(rule: Int) throws {
    let log = MemoryLog(partitions: 3, offsets: Self.rules[rule])
    let feed = BatchFeed(partitionCount: 3)
    let engine = try makeEngine(log, folder, feed: feed)
    var scenario = Scenario(seed: 81, partitions: 3)
    log.append(scenario.events(100))
    try engine.catchUp()
    // The first that is told of in a partition may have others before it.
    var teller = CommitTeller(log)
    log.append(scenario.events(60))
    for batch in teller.next() { _ = feed.add(batch) }
    foldAll(engine)
    for index in 0..<3 { log.fail(.read, in: PartitionID(index), with: corrupt) }
    for _ in 0..<20 {
      log.append(scenario.events(10))
      for batch in teller.next() { _ = feed.add(batch) }
      foldAll(engine)
      try engine.commit()
    }
    #expect(engine.stuck.isEmpty)
    #expect(engine.committed.values.allSatisfy { $0 == heads(log) })
    for index in 0..<3 { log.heal(PartitionID(index)) }
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
  }

  @Test(
    "batches that come twice, not at all, after an interruption or without room change nothing",
    arguments: [UInt64](1...6))
  func troubled(seed: UInt64) throws {
    var random = SeededGenerator(state: seed)
    let log = MemoryLog(
      partitions: 3, offsets: Self.rules[Int(seed) % 3], batchEvents: 1 + Int(seed) % 4)
    // Room for some batches, or for none.
    let feed = BatchFeed(partitionCount: 3, bytesMax: seed == 6 ? 0 : 4_000)
    let engine = try makeEngine(log, folder, chunkBytes: 500, feed: feed)
    var scenario = Scenario(seed: seed, partitions: 3)
    var teller = CommitTeller(log)
    for _ in 0..<120 {
      log.append(scenario.events(Int.random(in: 0...12, using: &random)))
      for batch in teller.next() {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: feed.interrupt(batch.partition)
        case 1:
          _ = feed.add(batch)
          _ = feed.add(batch)
        default: _ = feed.add(batch)
        }
      }
      engine.trustsFeed = Bool.random(using: &random)
      for _ in 0..<Int.random(in: 0...6, using: &random) { _ = engine.foldNext() }
      if Bool.random(using: &random) { try engine.commit() }
    }
    engine.trustsFeed = false
    try engine.catchUp()
    #expect(engine.committed.values.allSatisfy { $0 == heads(log) })
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
    #expect(
      try ProjectionCatalog(folder: folder.path, log: log, logger: .silent).verify().allSatisfy(
        \.isOK))
  }

  @Test("what finds no room is read from the log, once what was kept is folded")
  func overflow() throws {
    let log = MemoryLog(partitions: 1, batchEvents: 1)
    let feed = BatchFeed(partitionCount: 1, bytesMax: 2_000)
    let engine = try makeEngine(log, folder, feed: feed)
    engine.trustsFeed = true
    var teller = CommitTeller(log)
    var chat = GroupChat()
    log.append(chat.found(by: "ann", with: []))
    var kept = teller.next().map { feed.add($0) }
    for _ in 0..<100 { log.append([chat.message(from: "ann")]) }
    kept += teller.next().map { feed.add($0) }
    #expect(kept.first == false && kept.last == true, "it hurries before there is no room")
    foldAll(engine)
    #expect(engine.folded.values.allSatisfy { $0 == heads(log) })
  }

  @Test("what nobody was told of waits until it is looked for, and an interruption looks for it")
  func untold() throws {
    let log = MemoryLog(partitions: 1)
    let feed = BatchFeed(partitionCount: 1)
    let engine = try makeEngine(log, folder, feed: feed)
    engine.trustsFeed = true
    var teller = CommitTeller(log)
    var chat = GroupChat()
    log.append(chat.found(by: "ann", with: ["zoe"]))
    for batch in teller.next() { _ = feed.add(batch) }
    try engine.catchUp()
    log.append([chat.message(from: "ann")])
    #expect(engine.foldNext() == nil)
    feed.interrupt(PartitionID(0))
    #expect(engine.foldNext() == 1)
    log.append([chat.message(from: "ann")])
    _ = teller.next()
    log.append([chat.message(from: "ann")])
    // This one was told of: the one before it was not.
    for batch in teller.next() { _ = feed.add(batch) }
    #expect(engine.foldNext() == 2)
    log.append([chat.message(from: "ann")])
    #expect(engine.foldNext() == nil)
    engine.trustsFeed = false
    #expect(engine.foldNext() == 1)
  }

  @Test(
    "what is read ahead is what the log has, and what fails there is met in its place",
    arguments: [UInt64](1...4))
  func ahead(seed: UInt64) throws {
    let log = MemoryLog(partitions: 3, offsets: Self.rules[Int(seed) % 3])
    let engine = try makeEngine(log, folder, chunkBytes: 700, eventsBehindMax: 0)
    let busy = DaybookError(.overloaded, "too many files are open")
    var random = SeededGenerator(state: seed)
    var scenario = Scenario(seed: seed, partitions: 3)
    for _ in 0..<40 {
      log.append(scenario.events(30))
      if Bool.random(using: &random) {
        let partition = PartitionID(Int.random(in: 0..<3, using: &random))
        log.fail(.read, in: partition, with: busy, times: Int.random(in: 1...3, using: &random))
      }
      for _ in 0..<Int.random(in: 0...20, using: &random) {
        if engine.foldNext() == nil { engine.retryStuck() }
      }
      #expect(engine.stuck.values.allSatisfy { $0.code == .overloaded })
      if Bool.random(using: &random) { try engine.commit() }
    }
    for index in 0..<3 { log.heal(PartitionID(index)) }
    engine.retryStuck()
    try engine.catchUp()
    #expect(engine.committed.values.allSatisfy { $0 == heads(log) })
    #expect(try stateHashes(log, folder) == hashesOfRebuild(log))
  }
}
