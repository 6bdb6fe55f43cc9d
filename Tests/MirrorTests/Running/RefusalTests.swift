import DaybookModel
import Doubles
import Mirror
import NIOCore
import Ports
import Testing

@Suite(
  "What a mirror refuses", .enabled(if: KafkaBroker.isAvailable), .timeLimit(.minutes(10)))
struct RefusalTests {
  private func refusal(_ world: MirrorWorld, _ settings: MirrorSettings, _ log: MirroredLog? = nil)
    async -> DaybookError?
  {
    await world.mirror(settings, untilHead: true, log: log).ended()
  }

  private func plans(
    _ world: MirrorWorld, _ settings: MirrorSettings, _ log: MirroredLog? = nil
  ) async throws -> [TopicPlan] {
    try await Blocking.run { [logger = world.recording.logger, log = log ?? world.mirrored] in
      try MirrorPlanner(settings, log: log, replicas: nil, logger: logger).plans()
    }
  }

  private func code(_ body: () async throws -> Void) async -> ErrorCode? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? DaybookError)?.code
    }
  }

  private func begun(
    _ log: MemoryLog = MemoryLog(partitions: 3)
  ) async throws -> (MirrorWorld, MirrorSettings) {
    let world = try MirrorWorld(log)
    let settings = try world.settings()
    try await world.plan(settings)
    try world.add(100)
    try await world.catchUp(settings)
    return (world, settings)
  }

  @Test("a topic of another log, or of another branch of this one, is left alone")
  func another() async throws {
    let (world, settings) = try await begun()
    for other in [
      MemoryLog(partitions: 3, logID: "other"), MemoryLog(partitions: 3, branchID: "restored"),
    ] {
      let error = await refusal(world, settings, MirroredLog(other))
      #expect(error?.code == .mirrorOfAnother)
      let mirrored = MirroredLog(other)
      #expect(await code { _ = try await plans(world, settings, mirrored) } == .mirrorOfAnother)
    }
    #expect(try await world.difference(settings) == nil)
  }

  @Test("a log that was rolled back is noticed: by its end, its epoch, its last event")
  func rolledBack() async throws {
    let (world, settings) = try await begun()
    let shorter = MemoryLog(partitions: 3)
    #expect(await refusal(world, settings, MirroredLog(shorter))?.code == .logRolledBack)

    let earlier = try MirrorWorld(MemoryLog(partitions: 3, epoch: Epoch(0)))
    try earlier.add(100)
    #expect(await refusal(world, settings, earlier.mirrored)?.code == .logRolledBack)

    // Each event is the last of its batch, and so another one.
    let otherwise = try MirrorWorld(MemoryLog(partitions: 3, batchEvents: 1))
    try otherwise.add(300)
    let changed = MirroredLog(ChangedLog(otherwise.log))
    #expect(await refusal(world, settings, changed)?.code == .logRolledBack)
  }

  @Test("a log that begins later than its mirror ends is refused, for events would be left out")
  func truncated() async throws {
    let (world, settings) = try await begun()
    let later = MemoryLog(partitions: 3, offsets: .from1000)
    let error = await refusal(world, settings, MirroredLog(later))
    #expect(error?.code == .truncated)
  }

  @Test("another format or filter goes into another topic")
  func shape() async throws {
    let (world, settings) = try await begun()
    let filter = try EventFilter(types: ["message_sent"], streams: [])
    for shape in [
      RecordShape(value: .json), RecordShape(filter: filter), RecordShape(redaction: .content),
    ] {
      var other = settings
      other.shape = shape
      #expect(await refusal(world, other)?.code == .mirrorOfAnother)
    }
  }

  @Test("a topic that nobody made is not made by the way, nor is the one for positions")
  func missing() async throws {
    let world = try MirrorWorld()
    var settings = try world.settings()
    #expect(await refusal(world, settings)?.code == .kafkaTopicMissing)
    try await world.plan(settings)
    settings.offsetsTopic += "-none"
    #expect(await refusal(world, settings)?.code == .kafkaTopicMissing)
    let plans = try await plans(world, settings)
    #expect(plans.map(\.isToBeMade) == [false, true])
  }

  @Test("a topic with another number of partitions than the log is refused")
  func partitions() async throws {
    let (world, settings) = try await begun()
    let wider = try MirrorWorld(MemoryLog(partitions: 5))
    let error = await refusal(world, settings, wider.mirrored)
    #expect(error?.code == .kafkaTopicUnfit)
  }

  @Test("a topic with records that no position speaks of is refused")
  func foreign() async throws {
    let (world, settings) = try await begun()
    var other = settings
    other.offsetsTopic = "\(settings.offsetsTopic)-2"
    // Which makes the topic for positions, and then sees whose the other one is.
    try await world.plan(other)
    let planned = other
    #expect(await code { _ = try await plans(world, planned) } == .mirrorOfAnother)
    #expect(await refusal(world, other)?.code == .mirrorOfAnother)
  }

  @Test("an offset to begin at that lies past the head is refused")
  func past() async throws {
    let (world, settings) = try await begun()
    var other = settings
    other.topic += "-2"
    other.begins = .at(Offset(10_000))
    try await world.plan(other)
    #expect(await refusal(world, other)?.code == .offsetOutOfRange)
  }

  @Test("another topic may begin at any offset")
  func begins() async throws {
    let (world, settings) = try await begun()
    var other = settings
    other.topic += "-2"
    other.begins = .at(Offset(5))
    try await world.plan(other)
    try await world.catchUp(other)
    #expect(try await world.topic(other) == world.expected(from: Offset(5)))
    #expect(try await world.positions(other).1.values.allSatisfy { $0.start == Offset(5) })
  }
}

/// The same log, as if it had been written differently.
private final class ChangedLog: LogFeed {
  private let log: MemoryLog

  init(_ log: MemoryLog) { self.log = log }

  var partitionCount: Int { log.partitionCount }
  var logID: String { log.logID }
  var branchID: String { log.branchID }
  var epoch: Epoch { log.epoch }
  var seal: LogSeal { log.seal }

  func startOffset(of partition: PartitionID) -> Offset { log.startOffset(of: partition) }
  func highWatermark(of partition: PartitionID) -> Offset { log.highWatermark(of: partition) }

  func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws(DaybookError) -> LogChunk {
    var chunk = try log.read(partition, from: offset, bytesMax: bytesMax)
    for at in chunk.batches.indices {
      let last = chunk.batches[at].body.readableBytes - 1
      chunk.batches[at].body.setInteger(UInt8(0x7a), at: chunk.batches[at].body.readerIndex + last)
    }
    return chunk
  }
}
