import DaybookModel
import Foundation
package import Logging
import Server

/// A log of many short runs opened, read and searched, and the same events of one run.
package struct SegmentsBench: Sendable {
  private let messageBytes: Int
  /// Runs of a server, each of which leaves a segment.
  private let segments: Int
  /// Messages that each run logs.
  private let events: Int
  private let logger: Logger

  package init(
    messageBytes: Int, segments: Int, events: Int, logger: Logger
  ) {
    self.messageBytes = messageBytes
    self.segments = segments
    self.events = events
    self.logger = logger
  }

  package func measure(folder: String) async throws -> BenchResult {
    let mailbox = BenchMailbox(messageBytes: messageBytes)
    let many = RunsLog(
      "\(folder)/many", mailbox, runs: segments, batchesPerRun: 1, eventsPerBatch: events,
      logger: logger)
    let one = RunsLog(
      "\(folder)/one", mailbox, runs: 1, batchesPerRun: segments, eventsPerBatch: events,
      logger: logger)
    for log in [many, one] { try await log.make() }
    var fields: [(name: String, value: BenchValue)] = [("bench", .text("segments"))]
    var figures: [(name: String, value: BenchValue)] = []
    for (name, measure) in RunsLog.measures {
      let (slow, fast) = (try measure(many), try measure(one))
      fields.append(("\(name)_ratio", .ratio(slow / fast)))
      figures += [
        ("\(name)_us", .integer(Int(slow / 1000))), ("\(name)_one_us", .integer(Int(fast / 1000))),
      ]
    }
    let files = try many.fileCount()
    let idle = try many.idleStart(segments)
    return BenchResult(
      fields: fields + figures + [
        ("idle_start_us", .integer(Int(idle / 1000))),
        ("files_left", .integer(try many.fileCount() - files)),
        ("segments", .integer(segments)), ("events", .integer(segments * events)),
      ])
  }
}
