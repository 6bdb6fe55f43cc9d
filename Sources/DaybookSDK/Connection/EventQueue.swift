package import DaybookModel
import NIOConcurrencyHelpers
import NIOCore

/// Between the event loop and the consumer. An event counts as received when its acknowledgement
/// says so, never before the consumer took it: what still waits here when the process dies comes again.
package final class EventQueue: Sendable {
  package struct Item: Sendable {
    /// Nil where there is nothing to tell, only a seq to count as received.
    package var event: ClientEvent?
    package var point: AckPoint?

    package init(event: ClientEvent?, point: AckPoint?) {
      self.event = event
      self.point = point
    }
  }

  /// What the consumer is handed.
  package struct Handed: Sendable {
    package var event: ClientEvent
    package var point: AckPoint?
  }

  fileprivate struct State {
    var items = CircularBuffer<Item>()
    var waiters = CircularBuffer<(id: UInt64, CheckedContinuation<Handed?, Never>)>()
    var nextWaiter: UInt64 = 0
    var isFinished = false
    var ledger = AckLedger()
    /// Handed out, and acknowledged when the next event is asked for.
    var unfinished: [AckPoint] = []
  }

  /// How many events were acknowledged since the acks were collected, and how many still wait.
  package struct Level: Sendable {
    package var due: Int
    package var waiting: Int
  }

  private let acknowledgement: Acknowledgement
  private let state = NIOLockedValueBox(State())
  private let onChange: @Sendable (Level) -> Void

  /// `onChange` is called on the thread of who takes or acknowledges.
  package init(_ acknowledgement: Acknowledgement, onChange: @escaping @Sendable (Level) -> Void) {
    self.acknowledgement = acknowledgement
    self.onChange = onChange
  }

  package func push(_ items: [Item]) {
    let (ready, level) = state.withLockedValue { state in
      state.items.append(contentsOf: items)
      var ready: [(CheckedContinuation<Handed?, Never>, Handed)] = []
      state.takeSilent()
      while !state.waiters.isEmpty, let handed = state.take(acknowledgement) {
        ready.append((state.waiters.removeFirst().1, handed))
      }
      return (ready, state.level)
    }
    for (waiter, handed) in ready { waiter.resume(returning: handed) }
    if level.due > 0 { onChange(level) }
  }

  package func finish() {
    let waiters = state.withLockedValue { state in
      state.isFinished = true
      defer { state.waiters.removeAll() }
      return state.waiters.map(\.1)
    }
    for waiter in waiters { waiter.resume(returning: nil) }
  }

  package var waiting: Int { state.withLockedValue { $0.items.count } }

  /// Streams and how far they were acknowledged since the last call.
  package func collectAcks() -> [StreamKey: Seq] {
    state.withLockedValue { $0.ledger.collect() }
  }

  /// The consumer is done with all of the stream up to this seq; with nil, of the user's mailbox.
  package func acknowledge(_ stream: StreamKey?, upTo seq: Seq) {
    let level = state.withLockedValue { state in
      if let stream = stream ?? state.ledger.mailbox {
        state.ledger.acknowledge(stream, upTo: seq)
      }
      return state.level
    }
    if level.due > 0 { onChange(level) }
  }

  /// The next event, once there is one; nil at the end, and for a task that is cancelled.
  package func next() async -> Handed? {
    let id = state.withLockedValue { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (outcome, level) = state.withLockedValue { state -> (Handed??, Level) in
          state.finishBodies()
          if let handed = state.take(acknowledgement) { return (.some(handed), state.level) }
          if state.isFinished || Task.isCancelled { return (.some(nil), state.level) }
          state.waiters.append((id, continuation))
          return (nil, state.level)
        }
        if let outcome { continuation.resume(returning: outcome) }
        onChange(level)
      }
    } onCancel: {
      let waiter = state.withLockedValue { state in
        state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0).1 }
      }
      waiter?.resume(returning: nil)
    }
  }
}

extension EventQueue.State {
  fileprivate var level: EventQueue.Level {
    EventQueue.Level(due: ledger.dueCount, waiting: items.count)
  }

  fileprivate mutating func finishBodies() {
    for point in unfinished { ledger.acknowledge(point.stream, upTo: point.seq) }
    unfinished.removeAll(keepingCapacity: true)
  }

  fileprivate mutating func take(_ acknowledgement: Acknowledgement) -> EventQueue.Handed? {
    takeSilent()
    guard let item = items.popFirst(), let event = item.event else { return nil }
    if let point = item.point {
      ledger.handed(point)
      switch acknowledgement {
      case .immediate: ledger.acknowledge(point.stream, upTo: point.seq)
      case .afterBody: unfinished.append(point)
      case .manual: break
      }
    }
    takeSilent()
    return EventQueue.Handed(event: event, point: item.point)
  }

  /// What has nothing to tell waits only for what came before it.
  fileprivate mutating func takeSilent() {
    while let first = items.first, first.event == nil {
      if let point = first.point { ledger.passed(point) }
      items.removeFirst()
    }
  }
}
