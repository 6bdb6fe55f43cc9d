import DaybookModel
import Doubles
import Metrics
import MetricsTestKit
import Mirror
import NIOConcurrencyHelpers
import Testing

@Suite("A broker", .enabled(if: KafkaBroker.isStoppable), .timeLimit(.minutes(10)))
struct BrokerTests {
  private static let impatient = [
    ("reconnect.backoff.ms", "20"), ("reconnect.backoff.max.ms", "100"),
  ]

  /// Stopped while no transaction is open: those noida-db forgets, which Kafka does not, and with it
  /// their records are neither aborted nor committed when it is back.
  @Test("that is stopped and started finds its mirror going on, without loss or doubling")
  func stopped() async throws {
    let broker = try KafkaBroker()
    let world = try MirrorWorld(broker: broker)
    let settings = try world.settings(Self.impatient) { $0.timeout = .seconds(3) }
    try await world.plan(settings)
    // A busy machine may pass such a time at the start too.
    let mirror = world.mirror(settings, givesUp: false)
    for _ in 0..<3 {
      try world.add(200)
      try await world.waitUntilMirrored(mirror)
      await Blocking.run { broker.stop() }
      try world.add(100)
      try await Task.sleep(for: .milliseconds(100))
      try await Blocking.run { try broker.start() }
      try world.add(100)
      try await world.waitUntilMirrored(mirror)
    }
    #expect(await mirror.stop() == nil)
    #expect(try await world.difference(settings) == nil)
  }

  @Test("that stands still longer than an answer is waited for loses and doubles nothing")
  func frozen() async throws {
    let broker = try KafkaBroker()
    let world = try MirrorWorld(broker: broker)
    let settings = try world.settings(Self.impatient) { $0.timeout = .seconds(1) }
    try await world.plan(settings)
    // A busy machine may pass such a time at the start too.
    let mirror = world.mirror(settings, givesUp: false)
    for round in 0..<4 {
      try world.add(300)
      try await Task.sleep(for: .milliseconds(3 * round))
      broker.freeze()
      try await Task.sleep(for: .milliseconds(1_500))
      broker.thaw()
      try await world.waitUntilMirrored(mirror)
    }
    #expect(await mirror.stop() == nil)
    #expect(try await world.difference(settings) == nil)
  }
}

@Suite("A mirror's life", .enabled(if: KafkaBroker.isAvailable), .timeLimit(.minutes(10)))
struct MirrorLifeTests {
  @Test("a mirror that is paused mirrors nothing until it is resumed")
  func paused() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    let isPaused = NIOLockedValueBox(false)
    let mirror = world.mirror(settings, isPaused: { isPaused.withLockedValue { $0 } })
    try world.add(50)
    try await world.waitUntilMirrored(mirror)
    isPaused.withLockedValue { $0 = true }
    while mirror.progress.phase != .paused { try await Task.sleep(for: .milliseconds(5)) }
    try world.add(50)
    let before = mirror.progress.positions
    try await Task.sleep(for: .milliseconds(300))
    #expect(mirror.progress.positions == before)
    isPaused.withLockedValue { $0 = false }
    try await world.waitUntilMirrored(mirror)
    await mirror.stop()
    #expect(try await world.difference(settings) == nil)
  }

  @Test("without transactions all is there at least once, and the claim says so")
  func atLeastOnce() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings { $0.isAtLeastOnce = true }
    try await world.plan(settings)
    try world.add(200)
    try await world.catchUp(settings)
    try world.add(100)
    try await world.catchUp(settings)
    #expect(try await world.difference(settings) == nil)
    #expect(try await world.positions(settings).0?.delivery == .atLeastOnce)
  }

  @Test("what a filter leaves out moves the positions all the same")
  func filtered() async throws {
    let world = try MirrorWorld()
    let filter = try EventFilter(types: [], streams: ["group/g1", "group/g2"])
    let settings = try world.settings { $0.shape = RecordShape(filter: filter) }
    try await world.plan(settings)
    try world.add(300)
    try await world.catchUp(settings)
    let kept = try await world.topic(settings).reduce(0) { $0 + $1.count }
    #expect(kept == 50)
    for (partition, position) in try await world.positions(settings).1 {
      #expect(position.next == world.log.highWatermark(of: partition))
    }
  }

  @Test(
    "a record that is larger than the library may send is told by its place, and nothing goes past it"
  )
  func tooLarge() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings([("message.max.bytes", "1000")])
    try await world.plan(settings)
    try world.add(20)
    try world.addLarge(bytes: 5_000)
    let mirror = world.mirror(settings)
    while !world.recording.lines.contains(where: { $0.metadata["code"] == "kafka_record_too_large" }
    ) {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(world.recording.messages.contains { $0.contains("the event at offset") })
    await mirror.stop()
    try await world.catchUp(try world.settings())
    #expect(try await world.difference(settings) == nil)
  }

  @Test("a partition of the log that is damaged costs that one, and not the others")
  func damaged() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    try world.add(100)
    try await world.catchUp(settings)
    try world.add(200)
    let bad = PartitionID(1)
    world.log.fail(.read, in: bad, with: DaybookError(.logCorrupt, "torn"))
    #expect(await world.mirror(settings, untilHead: true).ended()?.code == .logCorrupt)
    for (partition, position) in try await world.positions(settings).1 {
      #expect((position.next == world.log.highWatermark(of: partition)) == (partition != bad))
    }
    world.log.heal(bad)
    try await world.catchUp(settings)
    #expect(try await world.difference(settings) == nil)
  }

  @Test("a topic that was deleted and made again is noticed")
  func lost() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    try world.add(300)
    try await world.catchUp(settings)
    try world.add(300)
    try await world.catchUp(settings)
    try await Blocking.run { [logger = world.recording.logger] in
      let topics = try KafkaTopics(settings.kafka, timeout: .seconds(30), logger: logger)
      try topics.remove(settings.topic)
    }
    #expect(await world.mirror(settings, untilHead: true).ended()?.code == .kafkaTopicMissing)
    try await world.plan(settings)
    #expect(await world.mirror(settings, untilHead: true).ended()?.code == .mirrorTopicLost)
  }

  @Test("what is counted is what was done")
  func metrics() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    let metrics = TestMetrics()
    try world.add(150)
    let mirror = world.mirror(settings, metrics: metrics)
    try await world.waitUntilMirrored(mirror)
    await mirror.stop()
    let labels = [("topic", settings.topic)]
    let events = try metrics.expectCounter("daybook_mirror_mirrored_events_total", labels)
    #expect(events.totalValue == 150)
    #expect(
      try metrics.expectCounter("daybook_mirror_committed_transactions_total", labels).totalValue
        >= 3)
    for partition in 0..<3 {
      let lag = try metrics.expectMeter(
        "daybook_mirror_lag_events", labels + [("partition", "\(partition)")])
      #expect(lag.lastValue == 0)
    }
  }
}
