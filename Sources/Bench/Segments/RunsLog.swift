import DaybookModel
import Foundation
import Logging
import Ports
import Server

/// A log that some runs of its owner have written, one segment each, and how long it takes to open
/// it and to find things in it. Times are in nanoseconds.
struct RunsLog {
  /// What is measured of a log, under the names of its figures.
  static let measures: [(name: String, measure: @Sendable (RunsLog) throws -> Double)] = [
    ("start", { try $0.start() }), ("read", { try $0.readAll() }),
    ("first_page", { try $0.firstPage() }), ("page", { try $0.page() }),
    ("range", { try $0.range() }),
  ]
  /// How often each is measured: the median counts.
  private static let tries = 9
  /// Messages of a page, and of a range.
  private static let pageCount = 50

  private let folder: String
  private let mailbox: BenchMailbox
  private let runs: Int
  private let batchesPerRun: Int
  private let eventsPerBatch: Int
  private let logger: Logger

  init(
    _ folder: String, _ mailbox: BenchMailbox, runs: Int, batchesPerRun: Int, eventsPerBatch: Int,
    logger: Logger
  ) {
    self.folder = folder
    self.mailbox = mailbox
    self.runs = runs
    self.batchesPerRun = batchesPerRun
    self.eventsPerBatch = eventsPerBatch
    self.logger = logger
  }

  private var eventCount: Int { runs * batchesPerRun * eventsPerBatch }

  /// After the runs comes one of a single batch, so that the segments of all others are closed.
  func make() async throws {
    try EmbeddedLog.create(in: folder, partitions: 1)
    for run in 0..<runs {
      try await write(batches: run * batchesPerRun..<(run + 1) * batchesPerRun)
    }
    try await write(batches: runs * batchesPerRun..<runs * batchesPerRun + 1)
  }

  private func write(batches: Range<Int>) async throws {
    // Room for all that a run writes: it leaves one segment.
    let bytes = batches.count * eventsPerBatch * (mailbox.messageBytes + 512)
    let log = try open(firstSegmentBytes: max(64 << 10, bytes))
    defer { log.close() }
    for batch in batches {
      let first = batch * eventsPerBatch + 1
      let made = mailbox.batch(
        first..<first + eventsPerBatch, headerBytes: log.batchHeaderBytes)
      _ = try await withCheckedContinuation { continuation in
        log.append(made, to: BenchMailbox.partition) { continuation.resume(returning: $0) }
      }.get()
    }
  }

  private func open(firstSegmentBytes: Int? = nil) throws -> any OpenLog {
    try EmbeddedLog.open(in: folder, firstSegmentBytes: firstSegmentBytes, logger: logger)
  }

  /// Files that the log consists of.
  func fileCount() throws -> Int {
    try FileManager.default.subpathsOfDirectory(atPath: folder).count
  }

  // MARK: Measuring

  private func median(_ measure: () throws -> Double) rethrows -> Double {
    let times = try (0..<RunsLog.tries).map { _ in try measure() }.sorted()
    return times[times.count / 2]
  }

  private func time(_ body: () throws -> Void) rethrows -> Double {
    let begin = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - begin)
  }

  private func start() throws -> Double {
    try median {
      var log: (any OpenLog)?
      defer { log?.close() }
      return try time { log = try open() }
    }
  }

  /// The mean of so many starts, with their ends, that log nothing.
  func idleStart(_ count: Int) throws -> Double {
    try time { for _ in 0..<count { try open().close() } } / Double(count)
  }

  /// Everything from the beginning, in a log that was just opened.
  private func readAll() throws -> Double {
    try median {
      let log = try open()
      defer { log.close() }
      var count = 0
      let time = try time {
        var next = log.startOffset(of: BenchMailbox.partition)
        while next < log.highWatermark(of: BenchMailbox.partition) {
          let chunk = try log.read(BenchMailbox.partition, from: next, bytesMax: 1 << 20)
          count += chunk.batches.reduce(0) { $0 + $1.count }
          next = chunk.next
        }
      }
      precondition(count == eventCount + eventsPerBatch, "\(count) events were read")
      return time
    }
  }

  /// The latest page of a conversation's history, the first thing that is asked after an opening.
  private func firstPage() throws -> Double {
    try median {
      let log = try open()
      defer { log.close() }
      return try time { _ = try history(log, of: 0, before: nil) }
    }
  }

  /// A page of a conversation's history, all over it.
  private func page() throws -> Double {
    let log = try open()
    defer { log.close() }
    return try medianOfPlaces { place in
      let before = MessageID(ticks: UInt64(eventCount - place), partition: BenchMailbox.partition)
      _ = try history(log, of: place, before: before)
    }
  }

  private func history(_ log: any LogSearch, of peer: Int, before: MessageID?) throws -> Int {
    let found = try log.postings(
      BenchMailbox.partition, conversation: mailbox.conversation(peer), before: before,
      limit: RunsLog.pageCount)
    return try log.events(BenchMailbox.partition, at: found.map(\.offset)).count
  }

  /// What a device that was away catches up with, from anywhere in the mailbox.
  private func range() throws -> Double {
    let log = try open()
    defer { log.close() }
    return try medianOfPlaces { place in
      let found = try log.postings(
        BenchMailbox.partition, stream: mailbox.stream.fingerprint, from: Seq(UInt64(place + 1)),
        through: Seq(UInt64(place + RunsLog.pageCount)), limit: RunsLog.pageCount,
        isOfStream: { _ in true })
      _ = try log.events(BenchMailbox.partition, at: found.map(\.offset))
    }
  }

  private func medianOfPlaces(_ body: (Int) throws -> Void) rethrows -> Double {
    let places = stride(from: 0, to: eventCount, by: max(1, eventCount / 201))
    // Once over all of them first: what is only read once is no matter of each page.
    for place in places { try body(place) }
    let times = try places.map { place in try time { try body(place) } }.sorted()
    return times[times.count / 2]
  }
}
