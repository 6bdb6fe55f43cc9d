import NIOConcurrencyHelpers
import NIOCore

/// Bounds the memory that the queries of all sessions on all loops take at a time: what they read,
/// and the replies that have not gone out. Who finds no room waits for it, in the order of asking.
final class QueryBudget: Sendable {
  enum Turn {
    case now(QueryLease)
    /// `withdraw` takes back the wait.
    case later(ticket: UInt64)
  }

  private struct Waiter {
    let ticket: UInt64
    let bytes: Int
    let go: @Sendable (QueryLease) -> Void
  }

  private struct State {
    var used = 0
    var waiting: CircularBuffer<Waiter> = []
    var lastTicket: UInt64 = 0

    /// Something larger than all of it goes alone.
    func hasRoom(for bytes: Int, within bytesMax: Int) -> Bool {
      used == 0 || used + bytes <= bytesMax
    }
  }

  private let bytesMax: Int
  private let state = NIOLockedValueBox(State())

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  var used: Int { state.withLockedValue { $0.used } }

  /// Whether anybody waits.
  var isContended: Bool { state.withLockedValue { !$0.waiting.isEmpty } }

  /// `go` is called once there is room, on any thread, if there is none now.
  func take(_ bytes: Int, orLater go: @escaping @Sendable (QueryLease) -> Void) -> Turn {
    let ticket = state.withLockedValue { state -> UInt64? in
      if state.waiting.isEmpty, state.hasRoom(for: bytes, within: bytesMax) {
        state.used += bytes
        return nil
      }
      state.lastTicket += 1
      state.waiting.append(Waiter(ticket: state.lastTicket, bytes: bytes, go: go))
      return state.lastTicket
    }
    return ticket.map { .later(ticket: $0) } ?? .now(QueryLease(bytes, of: self))
  }

  /// False if its turn has come already.
  func withdraw(_ ticket: UInt64) -> Bool {
    let wasWaiting = state.withLockedValue { state in
      guard let at = state.waiting.firstIndex(where: { $0.ticket == ticket }) else { return false }
      state.waiting.remove(at: at)
      return true
    }
    // It may have been what those behind it waited for.
    if wasWaiting { give(back: 0) }
    return wasWaiting
  }

  fileprivate func give(back bytes: Int) {
    let next = state.withLockedValue { state -> [Waiter] in
      state.used -= bytes
      var next: [Waiter] = []
      while let first = state.waiting.first, state.hasRoom(for: first.bytes, within: bytesMax) {
        state.used += first.bytes
        next.append(state.waiting.removeFirst())
      }
      return next
    }
    for waiter in next { waiter.go(QueryLease(waiter.bytes, of: self)) }
  }
}

/// A query's share of the budget, for as long as anybody keeps this.
final class QueryLease: Sendable {
  private let budget: QueryBudget
  private let held: NIOLockedValueBox<Int>

  fileprivate init(_ bytes: Int, of budget: QueryBudget) {
    self.budget = budget
    held = NIOLockedValueBox(bytes)
  }

  var bytes: Int { held.withLockedValue { $0 } }

  /// Of what was taken at first, no more than this is needed from now on.
  func shrink(to bytes: Int) {
    let spare = held.withLockedValue { held in
      let spare = max(0, held - bytes)
      held -= spare
      return spare
    }
    if spare > 0 { budget.give(back: spare) }
  }

  deinit { budget.give(back: bytes) }
}
