import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// How many users follow a stream here. Of large groups, whose every session would have to be looked
/// at, the answer is kept for a moment: many ask at once.
final class FollowerCounts: Sendable {
  private static let keptFor: UInt64 = 2_000
  /// Below that it is counted each time.
  private static let keptFrom = 1_000
  private static let streamsMax = 1_000

  private struct Kept {
    let count: Task<Int, Never>
    let until: Timestamp

    /// Not if the wall clock was set back since.
    func isFresh(_ now: Timestamp) -> Bool {
      now < until && until.milliseconds <= now.milliseconds + FollowerCounts.keptFor
    }
  }

  private let kept = NIOLockedValueBox<[StreamKey: Kept]>([:])

  func count(
    of stream: StreamKey, now: Timestamp, on threads: any TaskExecutor,
    _ counting: @escaping @Sendable () async -> Int
  ) async -> Int {
    let task = kept.withLockedValue { kept -> Task<Int, Never> in
      if let known = kept[stream], known.isFresh(now) { return known.count }
      if kept.count >= FollowerCounts.streamsMax { kept = kept.filter { $0.value.isFresh(now) } }
      let task = Task(executorPreference: threads) { await counting() }
      if kept.count < FollowerCounts.streamsMax {
        let until = Timestamp(milliseconds: now.milliseconds + FollowerCounts.keptFor)
        kept[stream] = Kept(count: task, until: until)
      }
      return task
    }
    let count = await task.value
    if count < FollowerCounts.keptFrom {
      kept.withLockedValue { if $0[stream]?.count == task { $0[stream] = nil } }
    }
    return count
  }
}
