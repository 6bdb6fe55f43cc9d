import DaybookModel
import DaybookSchema
import NIOCore
import Ports

/// Carries the effects of one partition's events into the partitions they concern, exactly once:
/// it delivers at least once and in order, and destinations drop what they have taken.
///
/// Live, it takes effects from each committed batch. After a start, a failure of a destination,
/// or when too much is on its way, it reads them from the log again until it has caught up, so
/// that its memory stays bounded. Confined to the event loop of its source's owner.
final class Relay: @unchecked Sendable {
  static let outstandingMax = 65_536
  static let chunkBytes = 1 << 20
  static let retryAfter = TimeAmount.milliseconds(500)

  private let source: PartitionID
  private let loop: any EventLoop
  private let log: any LogReader
  private let blocking: any BlockingWork
  private let deliver: (_ effects: [Effect], _ to: PartitionID, _ receipt: RelayReceipt) -> Void

  private enum Mode: Equatable {
    case stopped
    case live
    case catchingUp
    /// Reads on when enough of what is on its way has arrived.
    case holding
    /// A destination failed: starts again from the lowest effect that may be missing.
    case waiting
  }

  private var mode = Mode.stopped
  /// Effects of all events below it were delivered.
  private var position = Offset.zero
  /// End of the newest batch that the owner has announced.
  private var committed = Offset.zero
  private var outstanding = Outstanding()
  private var attempt = 0

  init(
    source: PartitionID, loop: any EventLoop, log: any LogReader, blocking: any BlockingWork,
    deliver: @escaping (_ effects: [Effect], _ to: PartitionID, _ receipt: RelayReceipt) -> Void
  ) {
    self.source = source
    self.loop = loop
    self.log = log
    self.blocking = blocking
    self.deliver = deliver
  }

  /// Effects of every event below it are durable at their destinations: a lower bound, and all
  /// that a snapshot needs to keep.
  var relayedThrough: Offset { min(outstanding.lowest ?? position, position) }

  /// Everything committed has been delivered and is durable.
  var isIdle: Bool { mode == .live && outstanding.count == 0 }

  func start(from offset: Offset, committed: Offset) {
    loop.preconditionInEventLoop()
    self.committed = committed
    position = offset
    mode = .catchingUp
    readChunk()
  }

  func stop() {
    mode = .stopped
    attempt += 1
  }

  func committed(_ batch: CommittedBatch, effects: [SourceEffect]) {
    committed = batch.nextOffset
    // What was read from the log already is announced later, for the watermark runs ahead.
    guard mode == .live, batch.baseOffset >= position else { return }
    send(effects.map { $0.located(in: source, at: batch.offset(of: $0.eventIndex)) })
    position = batch.nextOffset
    if outstanding.count > Relay.outstandingMax { mode = .holding }
  }

  // MARK: delivery

  private func send(_ effects: [Effect]) {
    guard !effects.isEmpty else { return }
    var byDestination: [[Effect]] = Array(repeating: [], count: log.partitionCount)
    for effect in effects {
      byDestination[effect.stream.partition(of: log.partitionCount).index].append(effect)
    }
    for (index, effects) in byDestination.enumerated() {
      guard let first = effects.first, let last = effects.last else { continue }
      let destination = PartitionID(index)
      outstanding.sent(
        to: destination, first: first.cause, last: last.cause, count: effects.count)
      deliver(
        effects, destination,
        RelayReceipt(
          relay: self, destination: destination, through: last.cause, count: effects.count,
          attempt: attempt))
    }
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
    guard receipt.attempt == attempt, mode != .stopped else { return }
    switch outcome {
    case .success:
      outstanding.durable(
        at: receipt.destination, through: receipt.through, count: receipt.count)
      if mode == .holding, outstanding.count < Relay.outstandingMax / 2 {
        mode = .catchingUp
        readChunk()
      }
    case .failure:
      position = relayedThrough
      outstanding = Outstanding()
      attempt += 1
      mode = .waiting
      let waiting = attempt
      loop.scheduleTask(in: Relay.retryAfter) {
        guard self.mode == .waiting, self.attempt == waiting else { return }
        self.mode = .catchingUp
        self.readChunk()
      }
    }
  }

  // MARK: catching up

  private func readChunk() {
    if position >= committed {
      mode = .live
      return
    }
    let (from, attempt, source, log, loop) = (position, attempt, source, log, loop)
    blocking.run {
      let chunk = Result { () throws(DaybookError) in
        try Relay.effects(in: source, of: log, from: from)
      }
      loop.execute { self.took(chunk, attempt: attempt) }
    }
  }

  private func took(_ chunk: Result<Chunk, DaybookError>, attempt: Int) {
    guard attempt == self.attempt, mode == .catchingUp else { return }
    switch chunk {
    case .success(let chunk):
      send(chunk.effects)
      guard attempt == self.attempt else { return }
      position = max(position, chunk.next)
      if outstanding.count > Relay.outstandingMax {
        mode = .holding
      } else {
        readChunk()
      }
    case .failure:
      // What can't be read now may be readable later; nothing behind it may overtake it.
      mode = .waiting
      loop.scheduleTask(in: Relay.retryAfter) {
        guard self.mode == .waiting, self.attempt == attempt else { return }
        self.mode = .catchingUp
        self.readChunk()
      }
    }
  }

  private struct Chunk: Sendable {
    var effects: [Effect]
    var next: Offset
  }

  private static func effects(
    in source: PartitionID, of log: any LogReader, from offset: Offset
  ) throws(DaybookError) -> Chunk {
    var chunk = Chunk(effects: [], next: offset)
    for batch in try log.read(source, from: offset, bytesMax: chunkBytes) {
      var effects: [SourceEffect] = []
      try batch.forEachEvent { index, bytes throws(DaybookError) in
        guard batch.offset(of: index) >= offset else { return }
        Effects.append(of: try EventDecoding.decode(bytes), index: index, to: &effects)
      }
      chunk.effects += effects.map {
        $0.located(in: source, at: batch.offset(of: $0.eventIndex))
      }
      chunk.next = batch.nextOffset
    }
    return chunk
  }
}
