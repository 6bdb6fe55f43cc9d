import DaybookModel
import Foundation
package import Logging
import Ports
import Server

/// A log of direct messages read, and all projections built from it.
package struct ReplayBench: Sendable {
  private let partitions: Int
  private let messageBytes: Int
  /// Message events in the log.
  private let events: Int
  /// Users, in pairs.
  private let users: Int
  private let logger: Logger

  package init(
    partitions: Int, messageBytes: Int, events: Int, users: Int, logger: Logger
  ) {
    self.partitions = partitions
    self.messageBytes = messageBytes
    self.events = events
    self.users = users
    self.logger = logger
  }

  package func measure(folder: String) async throws -> BenchResult {
    let places = Backend.Places(in: folder, hasReadSide: false)
    try EmbeddedLog.create(in: places.log, partitions: partitions)
    try await fill(places)
    let log = try EmbeddedLog.open(in: places.log, logger: logger)
    defer { log.close() }

    let reading = DispatchTime.now().uptimeNanoseconds
    let count = try readAll(log)
    let rebuilding = DispatchTime.now().uptimeNanoseconds
    let threads = PoolWork()
    let readSide = ReadSide(
      log: log, folder: "\(folder)/projections", clock: SystemClock(), timeout: .seconds(600),
      threads: threads, logger: logger)
    readSide.start()
    try await readSide.queries.waitForHead()
    let done = DispatchTime.now().uptimeNanoseconds
    await readSide.stop()
    await threads.stop()
    return BenchResult(
      fields: [
        ("bench", .text("replay")),
        ("events_per_s", .integer(Int(Double(count) * 1e9 / Double(done - rebuilding)))),
        ("read_events_per_s", .integer(Int(Double(count) * 1e9 / Double(rebuilding - reading)))),
        ("events", .integer(count)),
        ("users", .integer(users)),
      ])
  }

  private func fill(_ places: Backend.Places) async throws {
    let backend = try Backend(places, logger: logger)
    let copies = EventCount(.messageCopied)
    backend.committed.subscribe(copies)
    try await backend.start()
    var targets: [[AppendLoad.Target]] = Array(repeating: [], count: partitions)
    for index in 0..<users {
      let stream = StreamKey.user(UserID(checked: "user-\(index)"))
      let partner = UserID(checked: "user-\(index ^ 1)")
      targets[stream.partition(of: partitions).index].append(
        AppendLoad.Target(stream: stream, actor: Actor(user: partner)))
    }
    let used = targets.enumerated().filter { !$0.element.isEmpty }
    let each = events / 2 / used.count
    let loads = used.map { index, targets in
      AppendLoad(
        partition: PartitionID(index), commands: backend.commands, targets: targets,
        messageBytes: messageBytes, messages: each, inFlight: min(each, 2_048))
    }
    await withTaskGroup(of: Void.self) { group in
      for load in loads { group.addTask { await load.run() } }
    }
    if let failure = loads.compactMap(\.failure).first { throw failure }
    await copies.count(reaches: each * used.count)
    await backend.stop()
  }

  /// Every batch once, checksums verified. Returns the number of events.
  private func readAll(_ log: any LogFeed) throws -> Int {
    var count = 0
    for index in 0..<partitions {
      let partition = PartitionID(index)
      var next = log.startOffset(of: partition)
      while next < log.highWatermark(of: partition) {
        let chunk = try log.read(partition, from: next, bytesMax: 4 << 20)
        count += chunk.batches.reduce(0) { $0 + $1.count }
        next = chunk.next
      }
    }
    return count
  }
}
