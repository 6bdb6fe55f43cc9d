import NIOCore

/// Room for a frame that is larger than what its session may have in memory. All sessions share it, and take it one
/// after the other: a large frame is rare, and the rest of one waits in its client's system.
///
/// Touched on its session's loop only.
final class LargeFrameRoom {
  private enum State {
    case none
    case waiting(ticket: UInt64)
    case taken(QueryLease)
  }

  private let budget: QueryBudget
  private let loop: any EventLoop
  /// Frames of more bytes need it.
  private let bytesMin: Int
  private var state = State.none

  init(_ budget: QueryBudget, _ loop: any EventLoop, from bytesMin: Int) {
    self.budget = budget
    self.loop = loop
    self.bytesMin = bytesMin
  }

  /// Whether `takes` is to be told of a frame of so many bytes.
  func isConcerned(by bytes: Int) -> Bool {
    if case .none = state { bytes > bytesMin } else { true }
  }

  /// Nothing more of the frame is to be read for now.
  var isWaiting: Bool { if case .waiting = state { true } else { false } }

  /// So many bytes has the frame, with its header, of which some have come; 0: none. `goOn` is called on the loop
  /// once it has room, if it has to wait.
  func takes(_ bytes: Int, orLater goOn: @escaping () -> Void) {
    guard bytes > bytesMin else { return end() }
    guard case .none = state else { return }
    let bound = NIOLoopBound((self, goOn), eventLoop: loop)
    let turn = budget.take(bytes) { [loop] lease in
      loop.execute { bound.value.0.take(lease, bound.value.1) }
    }
    switch turn {
    case .now(let lease): state = .taken(lease)
    case .later(let ticket): state = .waiting(ticket: ticket)
    }
  }

  private func take(_ lease: QueryLease, _ goOn: () -> Void) {
    // Whoever has gone meanwhile gives it back at once.
    guard isWaiting else { return }
    state = .taken(lease)
    goOn()
  }

  /// The frame was taken, or will never be.
  func end() {
    if case .waiting(let ticket) = state { _ = budget.withdraw(ticket) }
    state = .none
  }
}
