import DaybookModel
import DaybookSchema
import Logging
import Metrics
import NIOCore
import Ports

/// Carries the effects of one partition's events into the partitions they concern, exactly once:
/// it delivers at least once and in order, and destinations drop what they have taken.
///
/// Live, it takes effects from each committed batch. After a start, or when too much is on its
/// way, it reads them from the log again until it has caught up, so that its memory stays bounded.
/// A destination that fails leaves this common flow and is fed from the log by itself, so that it
/// holds up nobody else.
///
/// `@unchecked Sendable`: touched on the event loop of its source's owner only.
final class Relay: @unchecked Sendable {
  static let outstandingMax = 65_536
  static let chunkBytes = 1 << 20
  static let retryMilliseconds: Int64 = 500
  static let retryMillisecondsMax: Int64 = 5_000
  /// Failures in a row of which the operator is told: some seconds, in which most pass.
  static let failuresTold = 5

  private let source: PartitionID
  private let loop: any EventLoop
  private let log: any LogFeed
  private let blocking: any BlockingWork
  private let logger: Logger
  private let metrics: RelayMetrics
  private let deliver: (_ delivery: RelayDelivery) -> Void

  private enum Mode: Equatable {
    case stopped
    case live
    case catchingUp
    /// Reads on when enough of what is on its way has arrived.
    case holding
    /// The log could not be read: tries again.
    case waiting
  }

  private var mode = Mode.stopped
  /// Effects of all events below it were delivered, or are a matter of their lane.
  private var position = Offset.zero
  /// End of the newest batch that the owner has announced.
  private var committed = Offset.zero
  /// By destination.
  private var lanes: [RelayLane]
  private var outstanding = 0
  /// Readings in a row that failed.
  private var failures = 0
  private var lagMark = LagMark()

  init(
    source: PartitionID, loop: any EventLoop, log: any LogFeed, blocking: any BlockingWork,
    logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory,
    deliver: @escaping (_ delivery: RelayDelivery) -> Void
  ) {
    self.source = source
    self.loop = loop
    self.log = log
    self.blocking = blocking
    self.logger = logger
    self.metrics = RelayMetrics(source, metrics)
    self.deliver = deliver
    lanes = Array(repeating: RelayLane(), count: log.partitionCount)
  }

  /// Effects of every event below it are durable at their destinations: a lower bound, and all
  /// that a snapshot needs to keep.
  var relayedThrough: Offset { lanes.reduce(position) { min($0, $1.lowest ?? $0) } }

  private func countLag() {
    // What was read from the log may be past what was announced.
    let (position, end) = (UInt64(relayedThrough.rawValue), UInt64(committed.rawValue))
    metrics.lag.set(end > position ? end - position : 0)
    metrics.lagSeconds.set(lagMark.lag(at: position, of: end).inSeconds)
  }

  func start(from offset: Offset, committed: Offset) {
    loop.preconditionInEventLoop()
    self.committed = committed
    position = offset
    mode = .catchingUp
    readChunk()
  }

  func stop() { mode = .stopped }

  func committed(_ batch: CommittedBatch, effects: [SourceEffect]) {
    assert(batch.nextOffset > committed || mode != .live, "batches are announced in order")
    committed = max(committed, batch.nextOffset)
    defer { countLag() }
    // What was read from the log already is announced later, for the watermark runs ahead.
    guard mode == .live, batch.baseOffset >= position else { return }
    send(effects.map { $0.located(in: source, at: batch.offset(of: $0.eventIndex)) })
    assert(position <= batch.nextOffset, "the relay goes forward")
    position = batch.nextOffset
    if outstanding > Relay.outstandingMax { mode = .holding }
  }

  // MARK: delivery

  private func send(_ effects: [Effect]) {
    guard !effects.isEmpty else { return }
    var byDestination: [[Effect]] = Array(repeating: [], count: lanes.count)
    for effect in effects { byDestination[destination(of: effect)].append(effect) }
    for (index, effects) in byDestination.enumerated()
    where !effects.isEmpty && lanes[index].behind == nil {
      send(effects, to: index, next: nil)
    }
  }

  private func destination(of effect: Effect) -> Int {
    effect.stream.partition(of: lanes.count).index
  }

  /// The receipt may come back before this returns.
  private func send(_ effects: [Effect], to index: Int, next: Offset?) {
    let (first, last) = (effects[0].cause, effects[effects.count - 1].cause)
    assert(
      last == first || last.isAfter(offset: first.offset, index: first.index),
      "effects are in the order of their causes")
    let after = lanes[index].last
    lanes[index].sent(first: first, last: last, count: effects.count)
    outstanding += effects.count
    deliver(
      RelayDelivery(
        effects: effects, after: after,
        receipt: RelayReceipt(
          relay: self, destination: PartitionID(index), through: last, count: effects.count,
          attempt: lanes[index].attempt, next: next)))
  }

  /// From any thread.
  func finished(_ receipt: RelayReceipt, _ outcome: Result<Void, DaybookError>) {
    if loop.inEventLoop {
      settle(receipt, outcome)
    } else {
      loop.execute { self.settle(receipt, outcome) }
    }
  }

  private func settle(_ receipt: RelayReceipt, _ outcome: Result<Void, DaybookError>) {
    let index = receipt.destination.index
    guard receipt.attempt == lanes[index].attempt else { return }
    switch outcome {
    case .success:
      outstanding -= receipt.count
      assert(outstanding >= 0, "each effect arrives once")
      if lanes[index].failures >= Relay.failuresTold {
        logger.notice(
          "partition \(receipt.destination) takes what follows from partition \(source) again",
          metadata: ["destination": "\(receipt.destination)"])
      }
      lanes[index].durable(through: receipt.through, count: receipt.count)
      metrics.deliveredEffects.increment(by: receipt.count)
      if outstanding == 0 { countLag() }
      if let next = receipt.next {
        lanes[index].fed(through: next)
        feed(index)
      }
    case .failure(let error):
      outstanding -= lanes[index].count
      lanes[index].failed(at: position)
      feedLater(index, after: error)
    }
    if mode == .holding, outstanding < Relay.outstandingMax / 2 {
      mode = .catchingUp
      readChunk()
    }
  }

  // MARK: feeding one destination

  private func feedLater(_ index: Int, after error: DaybookError?) {
    countLag()
    if lanes[index].failures == Relay.failuresTold {
      logger.warning(
        """
        what follows from partition \(source) waits for partition \(index), and is tried again: \
        \(Relay.reason(error))
        """, metadata: ["destination": "\(index)"])
    }
    let delay = Relay.retryMilliseconds << min(lanes[index].failures - 1, 6)
    let attempt = lanes[index].attempt
    loop.scheduleTask(in: .milliseconds(min(delay, Relay.retryMillisecondsMax))) {
      if self.lanes[index].attempt == attempt { self.feed(index) }
    }
  }

  private func feed(_ index: Int) {
    guard mode != .stopped, let from = lanes[index].behind else { return }
    if from >= position { return lanes[index].rejoin() }
    let attempt = lanes[index].attempt
    read(from: from) { chunk in
      guard self.mode != .stopped, self.lanes[index].attempt == attempt else { return }
      guard case .success(let chunk) = chunk, chunk.next > from else {
        self.lanes[index].failed(at: from)
        return self.feedLater(index, after: chunk.error)
      }
      let effects = chunk.effects.filter { self.destination(of: $0) == index }
      if effects.isEmpty {
        self.lanes[index].fed(through: chunk.next)
        self.feed(index)
      } else {
        self.send(effects, to: index, next: chunk.next)
      }
    }
  }

  // MARK: catching up

  private func readChunk() {
    if position >= committed {
      mode = .live
      return
    }
    read(from: position) { chunk in
      guard self.mode == .catchingUp else { return }
      switch chunk {
      // Nothing, where something was announced: a log that can't be read now may be readable later;
      // nothing behind that may overtake it.
      case .success(let chunk) where chunk.next <= self.position:
        self.readLater(after: nil)
      case .success(let chunk):
        self.hasRead()
        self.send(chunk.effects)
        assert(chunk.next > self.position, "catching up moves on")
        self.position = chunk.next
        if self.outstanding > Relay.outstandingMax {
          self.mode = .holding
        } else {
          self.readChunk()
        }
      case .failure(let error): self.readLater(after: error)
      }
    }
  }

  private func hasRead() {
    if failures >= Relay.failuresTold {
      logger.notice("what follows from partition \(source) goes on")
    }
    failures = 0
  }

  private func readLater(after error: DaybookError?) {
    failures += 1
    countLag()
    if failures == Relay.failuresTold {
      logger.warning(
        """
        what follows from partition \(source) waits until its log can be read, which is tried again: \
        \(Relay.reason(error))
        """)
    }
    mode = .waiting
    loop.scheduleTask(in: .milliseconds(Relay.retryMilliseconds)) {
      guard self.mode == .waiting else { return }
      self.mode = .catchingUp
      self.readChunk()
    }
  }

  private static func reason(_ error: DaybookError?) -> String {
    error.map { "\($0)" } ?? "it gives nothing where something was logged"
  }

  /// Reads elsewhere; `took` is called on the loop.
  private func read(
    from offset: Offset, _ took: @escaping (Result<Chunk, DaybookError>) -> Void
  ) {
    let (source, log, loop) = (source, log, loop)
    let bound = NIOLoopBound(took, eventLoop: loop)
    blocking.run {
      let chunk = Result { () throws(DaybookError) in
        try Relay.effects(in: source, of: log, from: offset)
      }
      loop.execute { bound.value(chunk) }
    }
  }

  private struct Chunk: Sendable {
    var effects: [Effect]
    var next: Offset
  }

  private static func effects(
    in source: PartitionID, of log: any LogFeed, from offset: Offset
  ) throws(DaybookError) -> Chunk {
    let read = try log.read(source, from: offset, bytesMax: chunkBytes)
    var chunk = Chunk(effects: [], next: read.next)
    for batch in read.batches {
      var effects: [SourceEffect] = []
      try batch.forEachEvent { index, bytes throws(DaybookError) in
        guard batch.offset(of: index) >= offset else { return }
        Effects.append(of: try EventDecoding.decode(bytes), index: index, to: &effects)
      }
      chunk.effects += effects.map {
        $0.located(in: source, at: batch.offset(of: $0.eventIndex))
      }
    }
    return chunk
  }
}

extension Result where Failure == DaybookError {
  fileprivate var error: DaybookError? {
    if case .failure(let error) = self { error } else { nil }
  }
}
