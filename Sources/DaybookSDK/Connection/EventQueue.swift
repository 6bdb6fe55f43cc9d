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
    let waitingMax: Int
    var items = CircularBuffer<Item>()
    /// What holds by now of the things that came while there was no room.
    var latest: [ClientEvent] = []
    var waiters = CircularBuffer<(id: UInt64, CheckedContinuation<Handed?, Never>)>()
    var nextWaiter: UInt64 = 0
    var isFinished = false
    var ledger = AckLedger()
    /// Handed out, and acknowledged when the next event is asked for.
    var unfinished: [AckPoint] = []

    init(waitingMax: Int) { self.waitingMax = waitingMax }
  }

  /// How many events were acknowledged since the acks were collected, and how many still wait.
  package struct Level: Sendable {
    package var due: Int
    package var waiting: Int
  }

  private let acknowledgement: Acknowledgement
  private let state: NIOLockedValueBox<State>
  private let onChange: @Sendable (Level) -> Void

  /// While `waitingMax` wait, only what has a place in a stream is added. `onChange` is called on the
  /// thread of who takes or acknowledges.
  package init(
    _ acknowledgement: Acknowledgement, waitingMax: Int,
    onChange: @escaping @Sendable (Level) -> Void
  ) {
    self.acknowledgement = acknowledgement
    state = NIOLockedValueBox(State(waitingMax: max(1, waitingMax)))
    self.onChange = onChange
  }

  package func push(_ items: [Item]) {
    let (ready, level) = state.withLockedValue { state in
      for item in items { state.add(item) }
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

  /// As many wait as may.
  package var isFull: Bool { state.withLockedValue(\.isFull) }

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

  fileprivate var isFull: Bool { items.count >= waitingMax }

  /// Whoever never asks for events fills no memory with them. What becomes of own messages stands in
  /// `SentMessage` too; what is now or never is dropped; of what replaces itself the last is kept.
  fileprivate mutating func add(_ item: EventQueue.Item) {
    guard isFull, item.point == nil, let event = item.event else { return items.append(item) }
    switch event {
    case .status(let update) where update.sendID != nil: break
    case .message(let message) where message.isTransient: break
    case .typing: break
    case .connection, .caughtUp, .delayed, .presence:
      latest.removeAll { $0.isReplaced(by: event) }
      latest.append(event)
    // The rest comes with events of streams, of which no more come than there is room for.
    default: items.append(item)
    }
  }

  fileprivate mutating func finishBodies() {
    for point in unfinished { ledger.acknowledge(point.stream, upTo: point.seq) }
    unfinished.removeAll(keepingCapacity: true)
  }

  fileprivate mutating func take(_ acknowledgement: Acknowledgement) -> EventQueue.Handed? {
    takeSilent()
    guard let item = items.popFirst(), let event = item.event else { return nil }
    if !isFull {
      for event in latest { items.append(EventQueue.Item(event: event, point: nil)) }
      latest = []
    }
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

extension ClientEvent {
  /// Nothing is lost if only the other one is told.
  fileprivate func isReplaced(by other: ClientEvent) -> Bool {
    switch (self, other) {
    case (.connection, .connection), (.caughtUp, .caughtUp), (.delayed, .delayed): true
    case (.presence(let a), .presence(let b)): a.user == b.user
    default: false
    }
  }
}
