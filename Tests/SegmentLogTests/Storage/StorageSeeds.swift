import Foundation
import NIOConcurrencyHelpers

/// Which seeds are run: those that `DAYBOOK_STORAGE_SEEDS` names, as `first..last`, or one.
enum StorageSeeds {
  static let variable = "DAYBOOK_STORAGE_SEEDS"
  private static var chosen: String? { ProcessInfo.processInfo.environment[variable] }
  static var isChosen: Bool { chosen != nil }
  /// One run is told step by step.
  static var isOne: Bool { chosen != nil && current.count == 1 }

  /// Sweeps over every byte leave most out, unless somebody asked for long runs.
  static var sweepStride: Int { isChosen ? 1 : 31 }

  /// Each found a fault once: a segment begun behind one whose sync had failed; whole batches shown that
  /// nobody had made durable, where the journal, or what lies behind them, can't be read.
  private static let found: [UInt64] = [460, 3_717, 11_784]

  static var current: [UInt64] {
    guard let text = chosen else { return Array(1...80) + found }
    let bounds = text.components(separatedBy: "..").map { UInt64($0) }
    guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, first <= last else {
      preconditionFailure("\(variable) is '\(text)': write it as first..last, or one seed")
    }
    return Array(first...last)
  }

  /// Calls `body` for each seed, on all processors where seeds were chosen; answers what it found
  /// or threw, by ascending seed.
  static func run(
    _ seeds: [UInt64], _ body: @escaping @Sendable (UInt64) throws -> [String]
  ) async -> [(seed: UInt64, lines: [String])] {
    let progress = NIOLockedValueBox(Progress(count: seeds.count))
    let tasks = isChosen ? ProcessInfo.processInfo.activeProcessorCount : 1
    return await withTaskGroup(of: [(seed: UInt64, lines: [String])].self) { group in
      for task in 0..<tasks {
        group.addTask {
          var found: [(seed: UInt64, lines: [String])] = []
          for at in stride(from: task, to: seeds.count, by: tasks) {
            var lines: [String]
            do { lines = try body(seeds[at]) } catch { lines = ["\(error)"] }
            if !lines.isEmpty { found.append((seeds[at], lines)) }
            if isChosen { progress.withLockedValue { $0.advance(isGood: lines.isEmpty) } }
            await Task.yield()
          }
          return found
        }
      }
      return await group.reduce(into: []) { $0 += $1 }.sorted { $0.seed < $1.seed }
    }
  }
}

/// How far a long run is, said every ten seconds.
private struct Progress {
  let count: Int
  private var done = 0
  private var failed = 0
  private let begin = ContinuousClock.now
  private var told = ContinuousClock.now

  init(count: Int) { self.count = count }

  mutating func advance(isGood: Bool) {
    done += 1
    if !isGood { failed += 1 }
    guard ContinuousClock.now - told > .seconds(10) else { return }
    told = .now
    let seconds = (told - begin) / .seconds(1)
    let rate = Double(done) / seconds
    print(
      "storage: \(done) of \(count) seeds, \(failed) failing, \(Int(rate * 60)) a minute, "
        + "\(Int(Double(count - done) / rate)) s left")
  }
}
