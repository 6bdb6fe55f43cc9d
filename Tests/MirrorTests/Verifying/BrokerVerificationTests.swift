import DaybookModel
import Doubles
import Logging
import Mirror
import Ports
import Testing

@Suite("A topic of Kafka held against its log", .enabled(if: KafkaBroker.isAvailable))
struct BrokerVerificationTests {
  private func verify(
    _ world: MirrorWorld, _ settings: MirrorSettings, shape: RecordShape? = nil,
    from: Int64 = 0, log: MirroredLog? = nil
  ) async throws -> TopicReport {
    try await Blocking.run { [recording = world.recording] in
      let log = log ?? world.mirrored
      let verification = try TopicVerification(
        settings, shape: shape, log: log,
        partitions: (0..<log.feed.partitionCount).map { PartitionID($0) }, from: Offset(from),
        logger: recording.logger)
      return try verification.run { _, _ in }
    }
  }

  @Test("is equal while it is mirrored, behind when it stops, and equal again")
  func meanwhile() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    try world.add(100)
    let mirror = world.mirror(settings)
    for _ in 0..<10 {
      try world.add(200)
      let report = try await verify(world, settings)
      #expect(report.verdict != .different, "\(report)")
    }
    try await world.waitUntilMirrored(mirror)
    let whole = try await verify(world, settings)
    #expect(whole.verdict == .equal && whole.partitions.allSatisfy { $0.digest == .equal })
    #expect(whole.partitions.reduce(0) { $0 + $1.events } == 2_100)
    await mirror.stop()
    try world.add(30)
    let behind = try await verify(world, settings)
    #expect(behind.verdict == .behind && behind.partitions.reduce(0) { $0 + $1.behind } == 30)
    try await world.catchUp(settings)
    #expect(try await verify(world, settings).verdict == .equal)
    // A part of it: what is before is searched past, not read.
    let part = try await verify(world, settings, from: 100)
    #expect(part.verdict == .equal && part.partitions.allSatisfy { $0.from == Offset(100) })
    #expect(
      part.partitions.map(\.events)
        == (try await verify(world, settings)).partitions.map { $0.events - 100 })
  }

  @Test("is followed at the head, and the first difference is seen there")
  func followed() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    let mirror = world.mirror(settings)
    try world.add(50)
    try await world.waitUntilMirrored(mirror)
    let found = try await Blocking.run { [recording = world.recording] in
      let verification = try TopicVerification(
        settings, shape: nil, log: world.mirrored,
        partitions: (0..<3).map { PartitionID($0) }, from: .zero, logger: recording.logger)
      for _ in 0..<8 {
        try world.add(40)
        let report = try verification.run { _, _ in }
        #expect(report.verdict != .different, "\(report)")
      }
      while try verification.run({ _, _ in }).verdict != .equal {}
      let last = try verification.run { _, _ in }
      #expect(last.partitions.reduce(0) { $0 + $1.events } == 370)
      #expect(last.partitions.allSatisfy { $0.digest == .equal })
      // Somebody writes into the topic.
      let producer = try KafkaProducer(
        settings.kafka, transactionalID: nil, logger: recording.logger, statistics: nil)
      try TopicCopy.send(
        TopicRecord(
          offset: 0, key: Array("group/g1".utf8), value: [1, 2], headers: [],
          timestampMilliseconds: 5),
        to: settings.topic, 1, producer)
      try producer.flush(within: .seconds(30), isUnwanted: { false })
      return try verification.run { _, _ in }
    }
    #expect(found.partitions[1].difference?.cause == .noEvent)
    #expect(found.partitions[0].difference == nil && found.partitions[2].difference == nil)
    await mirror.stop()
  }

  @Test("of another format is what its filter and redaction should give")
  func shapes() async throws {
    let filter = try EventFilter(types: ["message_sent"], streams: ["group/g1*", "group/g7"])
    for shape in [
      RecordShape(value: .json, filter: filter, redaction: .content),
      RecordShape(filter: filter), RecordShape(value: .json), RecordShape(redaction: .content),
    ] {
      let world = try MirrorWorld()
      let settings = try world.settings { $0.shape = shape }
      try await world.plan(settings)
      try world.add(240)
      try await world.catchUp(settings)
      // As the mirror says, and as somebody says it is.
      for said in [nil, shape] {
        let report = try await verify(world, settings, shape: said)
        #expect(report.verdict == .equal, "\(report)")
        #expect(report.partitions.allSatisfy { $0.digest == .equal })
        #expect(report.gaps.count == (shape.filter.isAll ? 0 : 8))
      }
      // It is no other's.
      guard shape.redaction == .none else { continue }
      let other = RecordShape(value: shape.value, filter: shape.filter, redaction: .content)
      #expect(try await verify(world, settings, shape: other).verdict == .different)
    }
  }

  @Test("that was written at least once has its duplicates counted, and nothing hidden")
  func duplicates() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings { $0.isAtLeastOnce = true }
    try await world.plan(settings)
    try world.add(200)
    try await world.catchUp(settings)
    #expect(try await verify(world, settings).verdict == .equal)
    // As one that died before it had written down how far it was.
    try await Blocking.run { [recording = world.recording] in
      let producer = try KafkaProducer(
        settings.kafka, transactionalID: nil, logger: recording.logger, statistics: nil)
      let records = try TopicCopy.records(
        of: settings.topic, 1, settings, logger: recording.logger)
      for record in records.suffix(7) {
        try TopicCopy.send(record, to: settings.topic, 1, producer)
      }
      try producer.flush(within: .seconds(30), isUnwanted: { false })
    }
    try world.add(100)
    try await world.catchUp(settings)
    let report = try await verify(world, settings)
    #expect(report.verdict == .different)
    #expect(report.partitions.map(\.duplicates) == [0, 7, 0])
    #expect(report.partitions[1].difference?.cause == .duplicate)
    #expect(report.partitions.reduce(0) { $0 + $1.events } == 300)
  }

  @Test("of which a copy is broken is not what it was: partition, offset and cause are named")
  func brokenCopies() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    try world.add(150)
    try await world.catchUp(settings)
    let damages: [(TopicDifference.Cause?, @Sendable (inout [TopicRecord]) -> Void)] = [
      (nil, { _ in }), (.value, { $0[9].value?[11] ^= 4 }), (.missing, { $0.remove(at: 9) }),
      (.duplicate, { $0.insert($0[9], at: 10) }), (.outOfOrder, { $0.swapAt(9, 10) }),
      (.timestamp, { $0[9].timestampMilliseconds += 1 }), (.key, { $0[9].key = [0x61] }),
      (.header, { $0[9].headers[6].value?.append(0x61) }),
    ]
    for (number, (cause, damage)) in damages.enumerated() {
      var copied = settings
      copied.topic = "\(settings.topic)-copy-\(number)"
      // Which nobody has claimed: what its records should be is said.
      try await Blocking.run { [copied, recording = world.recording] in
        try TopicCopy.make(of: settings, as: copied, logger: recording.logger) {
          partition, records in
          if partition == 1 { damage(&records) }
        }
      }
      let report = try await verify(world, copied, shape: RecordShape())
      #expect(report.partitions[1].difference?.cause == cause, "\(report)")
      if cause != nil { #expect(report.partitions[1].difference?.offset == Offset(9)) }
      #expect(report.verdict == (cause == nil ? .equal : .different))
      #expect([0, 2].allSatisfy { report.partitions[$0].difference == nil })
    }
  }

  @Test("of another log, of other partitions, or that is not there, is refused with what to do")
  func refused() async throws {
    let world = try MirrorWorld()
    let settings = try world.settings()
    try await world.plan(settings)
    try world.add(30)
    try await world.catchUp(settings)
    for (log, code) in [
      (MemoryLog(partitions: 3, logID: "other"), ErrorCode.mirrorOfAnother),
      (MemoryLog(partitions: 2), .kafkaTopicUnfit),
    ] {
      let error = await #expect(throws: DaybookError.self) {
        try await verify(world, settings, log: MirroredLog(log))
      }
      #expect(error?.code == code)
    }
    var missing = settings
    missing.topic = "\(settings.topic)-missing"
    let error = await #expect(throws: DaybookError.self) { try await verify(world, missing) }
    #expect(error?.code == .kafkaTopicMissing)
  }
}

/// Topics as tests copy them.
enum TopicCopy {
  static func records(
    of topic: String, _ partition: Int, _ settings: MirrorSettings, logger: Logger
  ) throws -> [TopicRecord] {
    let feed = try KafkaTopicFeed(
      settings.kafka, topic: topic, partitionCount: 3, timeout: .seconds(30), logger: logger)
    var records: [TopicRecord] = []
    var from: Int64 = 0
    while true {
      let chunk = try feed.read(PartitionID(partition), from: from, recordsMax: 1_000)
      records += chunk.records
      if chunk.isAtEnd { return records }
      from = chunk.next
    }
  }

  static func send(
    _ record: TopicRecord, to topic: String, _ partition: Int32, _ producer: KafkaProducer
  ) throws {
    let key = record.key ?? []
    let value = record.value ?? []
    let fault = key.withUnsafeBytes { key in
      value.withUnsafeBytes { value in
        producer.send(
          to: topic, partition: partition, key: key, value: value,
          timestampMilliseconds: record.timestampMilliseconds,
          headers: { headers in
            for header in RecordHeader.allCases {
              guard let found = record.headers.first(where: { $0.name == "\(header.name)" }) else {
                continue
              }
              (found.value ?? []).withUnsafeBytes { headers.add(header.name, $0) }
            }
          })
      }
    }
    if let fault { throw fault }
  }

  static func make(
    of settings: MirrorSettings, as copied: MirrorSettings, logger: Logger,
    _ change: (Int, inout [TopicRecord]) -> Void
  ) throws {
    let topics = try KafkaTopics(settings.kafka, timeout: .seconds(30), logger: logger)
    // Records are as old as their events.
    try topics.make(copied.topic, partitions: 3, replicas: 1, [("retention.ms", "-1")])
    let producer = try KafkaProducer(
      settings.kafka, transactionalID: nil, logger: logger, statistics: nil)
    var counts: [Int64] = []
    for partition in 0..<3 {
      var records = try records(of: settings.topic, partition, settings, logger: logger)
      change(partition, &records)
      for record in records { try send(record, to: copied.topic, Int32(partition), producer) }
      counts.append(Int64(records.count))
    }
    try producer.flush(within: .seconds(30), isUnwanted: { false })
    #expect(try (0..<3).map { try topics.end(of: copied.topic, $0) } == counts)
  }
}
