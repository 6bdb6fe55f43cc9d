package import DaybookModel
import NIOConcurrencyHelpers
import NIOCore

/// Between the event loop and the consumer. An event counts as handed on when the consumer takes
/// it, not before: what still waits here when the process dies comes again.
package final class EventQueue: Sendable {
  package struct Item: Sendable {
    /// Nil where there is nothing to tell, only a seq to count as handed on.
    package var event: ClientEvent?
    package var point: AckPoint?

    package init(event: ClientEvent?, point: AckPoint?) {
      self.event = event
      self.point = point
    }
  }

  fileprivate struct State {
    var items = CircularBuffer<Item>()
    var waiters = CircularBuffer<(id: UInt64, CheckedContinuation<ClientEvent?, Never>)>()
    var nextWaiter: UInt64 = 0
    var isFinished = false
    var taken: [StreamKey: Seq] = [:]
    var takenCount = 0
  }

  /// How many were taken since the acks were collected, and how many still wait.
  package struct Level: Sendable {
    package var taken: Int
    package var waiting: Int
  }

  private let state = NIOLockedValueBox(State())
  private let onTaken: @Sendable (Level) -> Void

  /// `onTaken` is called on the taker's thread.
  package init(onTaken: @escaping @Sendable (Level) -> Void) { self.onTaken = onTaken }

  package func push(_ items: [Item]) {
    let (ready, level) = state.withLockedValue { state in
      state.items.append(contentsOf: items)
      var ready: [(CheckedContinuation<ClientEvent?, Never>, ClientEvent)] = []
      state.takeSilent()
      while !state.waiters.isEmpty, let event = state.take() {
        ready.append((state.waiters.removeFirst().1, event))
      }
      return (ready, state.level)
    }
    for (waiter, event) in ready { waiter.resume(returning: event) }
    if level.taken > 0 { onTaken(level) }
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

  /// Streams and how far they were handed on since the last call.
  package func collectTaken() -> [StreamKey: Seq] {
    state.withLockedValue { state in
      defer {
        state.taken = [:]
        state.takenCount = 0
      }
      return state.taken
    }
  }

  package func next() async -> ClientEvent? {
    let id = state.withLockedValue { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (outcome, level) = state.withLockedValue { state -> (ClientEvent??, Level) in
          if let event = state.take() { return (.some(event), state.level) }
          if state.isFinished || Task.isCancelled { return (.some(nil), state.level) }
          state.waiters.append((id, continuation))
          return (nil, state.level)
        }
        if let outcome { continuation.resume(returning: outcome) }
        if level.taken > 0 { onTaken(level) }
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
    EventQueue.Level(taken: takenCount, waiting: items.count)
  }

  fileprivate mutating func take() -> ClientEvent? {
    takeSilent()
    guard let item = items.popFirst() else { return nil }
    note(item)
    takeSilent()
    return item.event
  }

  /// What has nothing to tell waits only for what came before it.
  fileprivate mutating func takeSilent() {
    while let first = items.first, first.event == nil {
      note(first)
      items.removeFirst()
    }
  }

  private mutating func note(_ item: EventQueue.Item) {
    // Also of what has no place in a stream: whoever reads on waits for room, whatever it was.
    takenCount += 1
    guard let point = item.point else { return }
    // What came again stands behind what came after it.
    taken[point.stream] = max(taken[point.stream] ?? .none, point.seq)
  }
}
