import DaybookModel
import Logging
import Metrics
import Ports

/// Sends the partitions of one producer, a transaction after the other: the records, and with them how
/// far the partitions are then.
///
/// `@unchecked Sendable`: made by the thread that starts a mirror, then of one thread alone.
final class MirrorWorker: @unchecked Sendable {
  private let producer: KafkaProducer
  private let settings: MirrorSettings
  private let conditions: LogMirror.Conditions
  private let log: MirroredLog
  private let clock: any WallClock
  private let progress: MirrorProgress
  private let metrics: MirrorMetrics
  private let logger: Logger
  private let isUnwanted: @Sendable () -> Bool
  private let format: RecordFormat
  private let partitions: [PartitionID]
  private var cursors: [PartitionID: PartitionCursor]
  private var positions: [PartitionID: MirrorPosition]
  private var stuck: [PartitionID: DaybookError] = [:]
  private var groups: GroupTable?
  private var record = RecordBytes()
  /// Of the transaction that is open, or would be.
  private var open = OpenTransaction()
  /// Which partition comes first in the next one.
  private var turn = 0
  private var committedAt = ContinuousClock.now
  /// Since it was told last.
  private var throttled = Duration.zero
  private var throttlingToldAt = ContinuousClock.now - throttlingPause

  private struct OpenTransaction {
    var isBegun = false
    var events = 0
    /// Of the log.
    var mirrored = 0
    /// These, and those of groups.
    var records = 0
    var touched: Set<PartitionID> = []
    /// Partitions of which one record's place will be told.
    var marked: Set<PartitionID> = []
  }

  /// For how long only positions have moved, which is written down at last.
  private static let quietMax = Duration.seconds(1)
  private static let throttledMin = Duration.seconds(1)
  private static let throttlingPause = Duration.seconds(60)
  private static let abortTimeout = Duration.seconds(5)

  init(
    _ producer: KafkaProducer, _ positions: [PartitionID: MirrorPosition], _ groups: GroupTable?,
    _ settings: MirrorSettings, _ conditions: LogMirror.Conditions, log: MirroredLog,
    clock: any WallClock, progress: MirrorProgress,
    metrics: MirrorMetrics, logger: Logger, isUnwanted: @escaping @Sendable () -> Bool
  ) {
    self.producer = producer
    self.positions = positions
    self.groups = groups
    self.settings = settings
    self.conditions = conditions
    self.log = log
    self.clock = clock
    self.progress = progress
    self.metrics = metrics
    self.logger = logger
    self.isUnwanted = isUnwanted
    format = RecordFormat(source: log.source, shape: settings.shape)
    partitions = positions.keys.sorted()
    cursors = Dictionary(
      uniqueKeysWithValues: positions.map { ($0, PartitionCursor($0, at: $1.next)) })
  }

  /// One transaction at most. Returns how many events it took, 0 at the head. What it throws leaves
  /// open what of it has arrived: only who reads the positions anew may go on.
  func step() throws(DaybookError) -> Int {
    do throws(DaybookError) {
      try fill()
      producer.poll()
      noteThrottling()
      let events = open.events
      guard open.records > 0 || isDue else { return events }
      try commit()
      return events
    } catch {
      // Who reads committed records waits for a transaction that is left open.
      if open.isBegun { try? producer.abort(within: Self.abortTimeout, isUnwanted: isUnwanted) }
      throw error
    }
  }

  /// A quota is no failure: the mirror comes later, and it is said why.
  private func noteThrottling() {
    let throttled = producer.takeThrottled()
    guard throttled > .zero else { return }
    metrics.throttled.record(duration: throttled)
    self.throttled += throttled
    let now = ContinuousClock.now
    guard self.throttled >= Self.throttledMin, now - throttlingToldAt >= Self.throttlingPause else {
      return
    }
    logger.warning(
      "Kafka has made the mirror into \(settings.topic) wait for \(self.throttled): its quota for this user is used up, have it raised",
      metadata: ["code": "\(ErrorCode.kafkaThrottled)", "topic": "\(settings.topic)"])
    (self.throttled, throttlingToldAt) = (.zero, now)
  }

  /// Whether positions have moved long enough without a record.
  private var isDue: Bool {
    guard !open.touched.isEmpty else { return false }
    return isUnwanted() || ContinuousClock.now - committedAt >= Self.quietMax
  }

  /// Why a partition goes no further, if one doesn't.
  var stuckError: DaybookError? { stuck.min { $0.key < $1.key }?.value }

  // MARK: records

  private func fill() throws(DaybookError) {
    for index in partitions.indices {
      let room = settings.transactionEventsMax - open.records
      guard room > 0, !isUnwanted() else { break }
      try take(room, of: partitions[(turn + index) % partitions.count])
    }
    if !partitions.isEmpty { turn = (turn + 1) % partitions.count }
  }

  private func take(_ room: Int, of partition: PartitionID) throws(DaybookError) {
    guard var cursor = cursors[partition], var position = positions[partition],
      stuck[partition] == nil
    else { return }
    let before = position.next
    var taken = 0
    do throws(DaybookError) {
      _ = try cursor.take(room, of: log.feed) { offset, event throws(DaybookError) in
        // First: a row that is written twice is the same row, and an event that was sent has to be passed.
        try fold(event, at: offset, of: partition)
        if try format.write(event, at: offset, of: partition, to: &record) {
          try send(at: offset, of: partition)
        }
        position.pass(event, at: offset)
        taken += 1
      }
    } catch {
      guard Self.isOfPartition(error) else { throw error }
      stick(partition, error)
    }
    position.pass(to: cursor.next)
    guard position.next > before else { return }
    cursors[partition] = cursor
    positions[partition] = position
    open.events += taken
    open.touched.insert(partition)
  }

  /// What is wrong with a partition of the log costs that one, and not the others.
  private static func isOfPartition(_ error: DaybookError) -> Bool {
    error.code == .logCorrupt || error.code == .formatVersion
  }

  private func stick(_ partition: PartitionID, _ error: DaybookError) {
    stuck[partition] = error
    metrics.failed(error)
    logger.error(
      "partition \(partition) is mirrored no further, the others are: \(error.message)",
      metadata: ["partition": "\(partition)", "code": "\(error.code)"])
  }

  private func send(at offset: Offset, of partition: PartitionID) throws(DaybookError) {
    try begin()
    let isFirst = open.marked.insert(partition).inserted
    let fault = record.withView { view in
      producer.send(
        to: settings.topic, partition: Int32(partition.rawValue), key: view.key,
        value: view.value, timestampMilliseconds: record.timestampMilliseconds,
        isMarked: isFirst, isUnwanted: isUnwanted
      ) { headers in
        for header in RecordHeader.allCases {
          if let value = view[header] { headers.add(header.name, value) }
        }
      }
    }
    if let fault {
      throw fault.asDaybookError(
        "the event at offset \(offset) of partition \(partition) can't be sent to \(settings.topic)"
      )
    }
    open.records += 1
    open.mirrored += 1
  }

  /// What an event changes in the groups goes beside it.
  private func fold(
    _ event: UnsafeRawBufferPointer, at offset: Offset, of partition: PartitionID
  ) throws(DaybookError) {
    guard let topic = settings.groupsTopic, groups != nil else { return }
    var changes: [GroupTable.Change] = []
    try groups?.fold(event, at: offset) { changes.append($0) }
    for change in changes {
      try begin()
      let fault = change.key.withUnsafeBytes { key in
        (change.value ?? []).withUnsafeBytes { value in
          producer.send(
            to: topic, partition: Int32(partition.rawValue), key: key,
            value: change.value == nil ? nil : value,
            timestampMilliseconds: Int64(clamping: clock.now().milliseconds),
            isUnwanted: isUnwanted)
        }
      }
      if let fault {
        throw fault.asDaybookError(
          "what the event at offset \(offset) of partition \(partition) changes can't be sent to \(topic)"
        )
      }
      open.records += 1
    }
  }

  // MARK: transactions

  private func begin() throws(DaybookError) {
    guard !open.isBegun else { return }
    open.isBegun = true
    guard producer.isTransactional else { return }
    do throws(KafkaFault) {
      try producer.begin()
    } catch {
      throw error.asDaybookError("no transaction can be begun for \(settings.topic)")
    }
  }

  private func commit() throws(DaybookError) {
    try begin()
    let began = ContinuousClock.now
    let passed = open.touched.compactMap { positions[$0] }
    do throws(KafkaFault) {
      // Without transactions, a position must not be there before what it speaks of.
      if !producer.isTransactional { try flush() }
      for position in passed {
        var position = position
        position.epoch = log.feed.epoch
        try producer.send(.position(position), of: settings, at: clock.now())
      }
      if producer.isTransactional {
        try producer.commit(within: settings.timeout, isUnwanted: isUnwantedAtLast())
      } else {
        try flush()
      }
    } catch {
      throw error.asDaybookError("\(open.records) events did not get to \(settings.topic)")
    }
    let took = ContinuousClock.now - began
    metrics.commitDuration.record(duration: took)
    conditions.committed(took)
    note(passed)
  }

  private func flush() throws(KafkaFault) {
    try producer.flush(within: settings.timeout, isUnwanted: isUnwantedAtLast())
  }

  /// What is on its way is waited for a while after the mirror was told to stop.
  private func isUnwantedAtLast() -> () -> Bool {
    let isUnwanted = isUnwanted
    var told: ContinuousClock.Instant?
    return {
      guard isUnwanted() else { return false }
      let now = ContinuousClock.now
      let since = told ?? now
      told = since
      return now - since >= Self.abortTimeout
    }
  }

  private func note(_ passed: [MirrorPosition]) {
    for (partition, offset) in producer.takeDelivered() {
      positions[PartitionID(Int(partition))]?.topicEnd = offset + 1
    }
    metrics.events.increment(by: Int64(open.mirrored))
    metrics.transactions.increment()
    progress.note(passed, events: UInt64(open.events))
    var oldest: Timestamp?
    for partition in partitions {
      guard let position = positions[partition] else { continue }
      let lag = log.feed.lag(of: partition, at: position.next)
      metrics.lag(partition, lag)
      if lag > 0, let recordedAt = cursors[partition]?.recordedAt {
        oldest = min(oldest ?? recordedAt, recordedAt)
      }
    }
    let now = clock.now().milliseconds
    let behind = oldest.map { now - min(now, $0.milliseconds) } ?? 0
    metrics.lagSeconds.set(Double(behind) / 1_000)
    open = OpenTransaction()
    committedAt = ContinuousClock.now
  }
}
