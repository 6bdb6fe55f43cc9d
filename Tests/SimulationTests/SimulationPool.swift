import Foundation
import NIOConcurrencyHelpers

/// Threads for runs: a run blocks while it waits, and so must not be on one of the few that tasks
/// share.
enum SimulationPool {
  /// Whoever asked for certain seeds waits for nothing else; else other tests are to get on too.
  private static var threads: Int {
    let processors = ProcessInfo.processInfo.activeProcessorCount
    return max(1, SeedRange.isChosen ? processors : processors - 1)
  }

  /// Calls `body` for each seed; answers what it found or threw, by ascending seed.
  static func run(
    _ seeds: [UInt64], _ body: @escaping @Sendable (UInt64) throws -> [String]
  ) async -> [(seed: UInt64, lines: [String])] {
    let next = NIOLockedValueBox(0)
    let failures = NIOLockedValueBox<[(seed: UInt64, lines: [String])]>([])
    let work: @Sendable () -> Void = {
      while true {
        let seed = next.withLockedValue { next -> UInt64? in
          guard next < seeds.count else { return nil }
          defer { next += 1 }
          return seeds[next]
        }
        guard let seed else { return }
        var lines: [String]
        do {
          lines = try body(seed)
        } catch {
          lines = ["\(error)"]
        }
        if !lines.isEmpty { failures.withLockedValue { $0.append((seed, lines)) } }
      }
    }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<threads { group.addTask { await onThread(work) } }
    }
    return failures.withLockedValue { $0 }.sorted { $0.seed < $1.seed }
  }

  private static func onThread(_ work: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
      let thread = Thread {
        work()
        continuation.resume()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }
}
