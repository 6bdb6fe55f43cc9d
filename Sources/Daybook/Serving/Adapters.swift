import DaybookModel
import DaybookSchema
import Foundation
import NIOPosix
import Ports

/// The machine's clock.
struct SystemClock: WallClock {
  func uptime() -> Timestamp { time(CLOCK_MONOTONIC) }
  func now() -> Timestamp { time(CLOCK_REALTIME) }

  private func time(_ clock: clockid_t) -> Timestamp {
    var time = timespec()
    clock_gettime(clock, &time)
    // A clock that is set before 1970 is as wrong as one at 1970.
    let seconds = UInt64(max(0, time.tv_sec))
    return Timestamp(milliseconds: seconds * 1000 + UInt64(time.tv_nsec) / 1_000_000)
  }
}

/// Blocking work on a pool of threads.
final class PoolWork: BlockingWork {
  private let pool: NIOThreadPool

  init(threads: Int) {
    pool = NIOThreadPool(numberOfThreads: threads)
    pool.start()
  }

  func run(_ work: @escaping @Sendable () -> Void) {
    pool.submit { _ in work() }
  }

  func stop() async throws { try await pool.shutdownGracefully() }
}

/// Tells the log what an event looks like inside, which it doesn't know.
struct EventIndexer: EventScanner {
  func scan(_ batch: CommittedBatch, into slots: inout [EventSlot]) throws(DaybookError) {
    var start: UInt32 = 0
    var found: [EventSlot] = []
    found.reserveCapacity(batch.count)
    try batch.forEachEvent { _, bytes throws(DaybookError) in
      start += 4
      found.append(try EventScan.slot(of: bytes, start: start))
      start += UInt32(bytes.count)
    }
    slots += found
  }
}
