import NIOCore

/// Offers messages at a rate, to each client in turn, whether those before are answered or not. When
/// each was due is what its latency counts from: a server that stands still for a while is late with
/// all that was due meanwhile, and not with the one message that it held up.
///
/// `@unchecked Sendable`: touched on its event loop only.
final class Pacer: @unchecked Sendable {
  private let loop: any EventLoop
  private let clients: [LoadClient]
  private let start: NIODeadline
  private let rate: Int
  private let count: Int
  private var next = 0
  private let done: EventLoopPromise<Void>

  /// `count` messages from `start` on, `rate` a second over all clients.
  init(
    _ clients: [LoadClient], on loop: any EventLoop, from start: NIODeadline, rate: Int, count: Int
  ) {
    self.clients = clients
    self.loop = loop
    self.start = start
    self.rate = rate
    self.count = count
    done = loop.makePromise()
  }

  /// Succeeds once all are offered.
  func run() -> EventLoopFuture<Void> {
    loop.execute { self.offerDue() }
    return done.futureResult
  }

  private func due(_ index: Int) -> NIODeadline {
    let second = Int64(1_000_000_000)
    let (whole, rest) = (Int64(index / rate), Int64(index % rate))
    return start + .nanoseconds(whole * second + rest * second / Int64(rate))
  }

  private func offerDue() {
    let now = NIODeadline.now()
    let first = next
    while next < count, due(next) <= now {
      clients[next % clients.count].offer(due: due(next).uptimeNanoseconds)
      next += 1
    }
    for index in first..<min(next, first + clients.count) { clients[index % clients.count].flush() }
    guard next < count else { return done.succeed(()) }
    loop.scheduleTask(deadline: due(next)) { self.offerDue() }
  }
}
