import Dispatch
import NIOCore

/// How much later than it should a task runs on each of some loops, every millisecond: whatever else the
/// loop did meanwhile made everybody wait that long.
final class LoopPauses: Sendable {
  private let ticks: [Ticks]

  init(_ group: any EventLoopGroup) {
    ticks = group.makeIterator().map { Ticks($0) }
    for tick in ticks { tick.start() }
  }

  func stop() async -> (p999: Int, max: Int) {
    var all = LatencyHistogram()
    for tick in ticks {
      if let pauses = try? await tick.stop() { all.merge(pauses) }
    }
    return (all.value(at: 99.9), all.value(at: 100))
  }

  /// `@unchecked Sendable`: touched on its loop only.
  private final class Ticks: @unchecked Sendable {
    private static let interval: UInt64 = 1_000_000
    private let loop: any EventLoop
    private var pauses = LatencyHistogram()
    private var task: RepeatedTask?
    private var expected: UInt64 = 0

    init(_ loop: any EventLoop) { self.loop = loop }

    func start() {
      loop.execute {
        self.expected = DispatchTime.now().uptimeNanoseconds + Ticks.interval
        self.task = self.loop.scheduleRepeatedTask(
          initialDelay: .nanoseconds(Int64(Ticks.interval)),
          delay: .nanoseconds(Int64(Ticks.interval))
        ) { _ in self.tick() }
      }
    }

    private func tick() {
      let now = DispatchTime.now().uptimeNanoseconds
      pauses.record(nanoseconds: now > expected ? now - expected : 0)
      expected = now + Ticks.interval
    }

    func stop() async throws -> LatencyHistogram {
      try await loop.submit {
        self.task?.cancel()
        return self.pauses
      }.get()
    }
  }
}
