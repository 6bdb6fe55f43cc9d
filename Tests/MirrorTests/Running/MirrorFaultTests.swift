import CRdKafka
import DaybookModel
import Doubles
import Mirror
import NIOConcurrencyHelpers
import Testing

/// What brokers answer is made up here, request by request.
@Suite("What goes wrong with Kafka", .timeLimit(.minutes(10)))
struct MirrorFaultTests {
  private struct World {
    let cluster: MockCluster
    let log = MemoryLog(partitions: 3)
    let recording = RecordingLog()
    var settings: MirrorSettings

    init() throws {
      cluster = try MockCluster()
      cluster.make("events", partitions: 3)
      cluster.make("offsets", partitions: 1)
      settings = MirrorSettings(
        kafka: try KafkaConfiguration(
          brokers: cluster.address,
          properties: [
            KafkaConfiguration.Property("retry.backoff.ms", "10"),
            KafkaConfiguration.Property("reconnect.backoff.ms", "10"),
            KafkaConfiguration.Property("reconnect.backoff.max.ms", "50"),
          ]))
      settings.topic = "events"
      settings.offsetsTopic = "offsets"
      settings.transactionEventsMax = 50
      settings.timeout = .seconds(3)
    }

    func mirror(givesUp: Bool = false) -> RunningMirror {
      var conditions = LogMirror.Conditions()
      conditions.givesUpAtStart = givesUp
      return RunningMirror(
        LogMirror(
          settings, log: MirroredLog(log), conditions: conditions, clock: TestClock(),
          logger: recording.logger))
    }

    func add(_ count: Int) throws { try MirrorWorld.add(count, to: log) }

    func waitUntilMirrored(_ mirror: RunningMirror) async throws {
      try await MirrorWorld.wait(mirror, for: log)
    }

    /// Names of errors that the operator was told of.
    var told: Set<String> { Set(recording.lines.compactMap { $0.metadata["code"] }) }
  }

  static let passing: [(MockCluster.Request, [rd_kafka_resp_err_t])] = [
    (.produce, [RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT]),
    (.produce, [RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS]),
    (.produce, [RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER]),
    (.produce, [RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED]),
    (.produce, [RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE]),
    (.produce, [RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID]),
    (.addPartitions, [RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS]),
    (.addPartitions, [RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS]),
    (.addPartitions, [RD_KAFKA_RESP_ERR_INVALID_TXN_STATE]),
    (.addPartitions, [RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING]),
    (.endTransaction, [RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE]),
    (.endTransaction, [RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID]),
    (.endTransaction, [RD_KAFKA_RESP_ERR_INVALID_TXN_STATE]),
    (.endTransaction, [RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH]),
    (.initProducerID, [RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS]),
    (.findCoordinator, [RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE]),
    (.fetch, [RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION]),
  ]

  @Test("what passes is got over, and all is mirrored", arguments: passing.indices)
  func passes(index: Int) async throws {
    let (request, codes) = Self.passing[index]
    let world = try World()
    let mirror = world.mirror()
    try world.add(60)
    try await world.waitUntilMirrored(mirror)
    world.cluster.fail(request, codes)
    try world.add(120)
    try await world.waitUntilMirrored(mirror)
    #expect(await mirror.stop() == nil, "\(request) \(codes)")
  }

  @Test("errors at random, for as long as they come, and after that all is mirrored")
  func random() async throws {
    let world = try World()
    let mirror = world.mirror()
    var random = SeededRandom(seed: 20_261_130)
    for _ in 0..<40 {
      let (request, codes) = Self.passing.randomElement(using: &random)!
      world.cluster.fail(request, codes)
      try world.add(20)
      try await Task.sleep(for: .milliseconds(20))
    }
    for request in [
      MockCluster.Request.produce, .addPartitions, .endTransaction, .fetch,
    ] {
      world.cluster.answersAgain(request)
    }
    try await world.waitUntilMirrored(mirror)
    #expect(await mirror.stop() == nil)
  }

  @Test("brokers that are gone are waited for, and it is said")
  func gone() async throws {
    let world = try World()
    let mirror = world.mirror()
    try world.add(60)
    try await world.waitUntilMirrored(mirror)
    world.cluster.goDown()
    try world.add(60)
    while !world.told.contains("kafka_unreachable") { try await Task.sleep(for: .milliseconds(10)) }
    world.cluster.comeUp()
    try await world.waitUntilMirrored(mirror)
    #expect(await mirror.stop() == nil)
  }

  @Test("it stops though no broker answers")
  func stopsWithout() async throws {
    let world = try World()
    let mirror = world.mirror()
    try world.add(60)
    try await world.waitUntilMirrored(mirror)
    world.cluster.goDown()
    try world.add(60)
    try await Task.sleep(for: .milliseconds(200))
    #expect(await mirror.stop() == nil)
  }

  static let refusals: [(MockCluster.Request, rd_kafka_resp_err_t, String)] = [
    (.produce, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "kafka_forbidden"),
    (.produce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "kafka_record_too_large"),
    (
      .initProducerID, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "kafka_forbidden"
    ),
    (.initProducerID, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "kafka_forbidden"),
  ]

  @Test(
    "what is refused is told as such, and gone on with once it is allowed",
    arguments: refusals.indices)
  func refused(index: Int) async throws {
    let (request, code, name) = Self.refusals[index]
    let world = try World()
    try world.add(60)
    world.cluster.fail(request, Array(repeating: code, count: 1_000))
    let mirror = world.mirror()
    while !world.told.contains(name) { try await Task.sleep(for: .milliseconds(10)) }
    if case .waiting(let error) = mirror.progress.phase { #expect(error.code.name == name) }
    world.cluster.answersAgain(request)
    try await world.waitUntilMirrored(mirror)
    #expect(await mirror.stop() == nil)
  }

  @Test("who waits for an answer at the start is told why there is none")
  func givesUp() async throws {
    let world = try World()
    world.cluster.goDown()
    #expect(await world.mirror(givesUp: true).ended()?.code == .kafkaUnreachable)
  }

  @Test("brokers without transactions are mirrored into all the same, and it is said")
  func withoutTransactions() async throws {
    let world = try World()
    // As to who names a transactional id; the one without comes after it.
    world.cluster.fail(.initProducerID, [RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION])
    let mirror = world.mirror()
    try world.add(60)
    try await world.waitUntilMirrored(mirror)
    #expect(mirror.progress.phase == .running(.atLeastOnce))
    #expect(world.recording.messages.contains { $0.contains("know no transactions") })
    await mirror.stop()
  }

  static let topicFaults: [(rd_kafka_resp_err_t, String)] = [
    (RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "kafka_topic_missing"),
    (RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "kafka_forbidden"),
  ]

  @Test(
    "a topic that is gone, or forbidden, is told, and gone on with once it is back",
    arguments: topicFaults.indices)
  func topicGone(index: Int) async throws {
    let (code, name) = Self.topicFaults[index]
    let world = try World()
    let mirror = world.mirror()
    try world.add(60)
    try await world.waitUntilMirrored(mirror)
    world.cluster.set("events", code)
    world.cluster.fail(.produce, Array(repeating: code, count: 1_000))
    try world.add(60)
    while !world.told.contains(name) { try await Task.sleep(for: .milliseconds(10)) }
    world.cluster.set("events", RD_KAFKA_RESP_ERR_NO_ERROR)
    world.cluster.answersAgain(.produce)
    try await world.waitUntilMirrored(mirror)
    #expect(await mirror.stop() == nil)
  }
}

/// The same numbers each time.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
