import NIOConcurrencyHelpers
import NIOCore

/// Bounds how many sockets clients hold here, those of connections that are being refused
/// included: files that the log and the projections count on are never taken by who knocks.
///
/// Who comes while all places are taken is told so, as long as that costs no more than a few
/// sockets at a time; past that, nothing is accepted, and whoever knocks waits with the system.
final class ConnectionGate: Sendable {
  enum Admission { case admitted, full, crowded }

  private struct State {
    /// Accepted and not closed.
    var sockets = 0
    var admitted = 0
    /// Admitted and not connected yet, by where they come from.
    var strangers: [String: Int] = [:]
    /// Go on accepting: one of each listener that waits.
    var wakes: [@Sendable () -> Void] = []

    mutating func forget(_ address: String) {
      strangers[address, default: 0] -= 1
      if strangers[address] == 0 { strangers[address] = nil }
    }
  }

  /// Sockets that are accepted at a time, and so the most that are open to be refused.
  static let acceptsMax = 16
  /// However few connections there may be, so many of one address may be on their way.
  private static let strangersMin = 16

  private let state = NIOLockedValueBox(State())
  private let connectionsMax: @Sendable () -> Int

  init(connectionsMax: @escaping @Sendable () -> Int) { self.connectionsMax = connectionsMax }

  // MARK: sockets

  /// Whether as many as are accepted at a time may be; if not, `wake` is called when they may.
  func mayAccept(orCall wake: @escaping @Sendable () -> Void) -> Bool {
    let most = connectionsMax()
    return state.withLockedValue { state in
      guard state.sockets > most else { return true }
      state.wakes.append(wake)
      return false
    }
  }

  func accepted() { state.withLockedValue { $0.sockets += 1 } }

  func closed() {
    let most = connectionsMax()
    let wakes = state.withLockedValue { state -> [@Sendable () -> Void] in
      state.sockets -= 1
      guard state.sockets <= most else { return [] }
      defer { state.wakes = [] }
      return state.wakes
    }
    for wake in wakes { wake() }
  }

  // MARK: connections

  /// Each that is admitted is told of by `left`, once. One address has at most half of the places
  /// for connections that have not connected: else it could keep all others out.
  func admit(from address: String) -> Admission {
    let most = connectionsMax()
    let strangersMax = max(ConnectionGate.strangersMin, most / 2)
    return state.withLockedValue { state in
      guard state.admitted < most else { return .full }
      guard state.strangers[address, default: 0] < strangersMax else { return .crowded }
      state.admitted += 1
      state.strangers[address, default: 0] += 1
      return .admitted
    }
  }

  /// It has connected: who it is is known.
  func known(from address: String) {
    state.withLockedValue { $0.forget(address) }
  }

  func left(from address: String, isStranger: Bool) {
    state.withLockedValue { state in
      state.admitted -= 1
      if isStranger { state.forget(address) }
    }
  }
}

/// Stands before a listener's sockets: what the gate has no room for is not accepted.
final class ListenerGate: ChannelDuplexHandler {
  typealias InboundIn = any Channel
  typealias InboundOut = any Channel
  typealias OutboundIn = Never

  private let gate: ConnectionGate
  /// The gate will say when there is room.
  private var isWaiting = false

  init(_ gate: ConnectionGate) { self.gate = gate }

  func read(context: ChannelHandlerContext) {
    guard !isWaiting else { return }
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let loop = context.eventLoop
    let mayAccept = gate.mayAccept {
      loop.execute {
        let (listener, context) = bound.value
        listener.isWaiting = false
        // The listener may be closed by now, and is then no more read.
        context.channel.read()
      }
    }
    isWaiting = !mayAccept
    if mayAccept { context.read() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let gate = gate
    gate.accepted()
    unwrapInboundIn(data).closeFuture.whenComplete { _ in gate.closed() }
    context.fireChannelRead(data)
  }
}
