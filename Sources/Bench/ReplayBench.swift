import DaybookModel
import Foundation
import NIOCore
import NIOPosix
import Partitions
import Ports
import Projections
import SegmentLog
import Server

/// A log of direct messages read, and all projections built from it.
package struct ReplayBench: Sendable {
  private let partitions: Int
  private let messageBytes: Int
  /// Message events in the log.
  private let events: Int
  /// Users, in pairs.
  private let users: Int

  package init(
    partitions: Int, messageBytes: Int, events: Int, users: Int
  ) {
    self.partitions = partitions
    self.messageBytes = messageBytes
    self.events = events
    self.users = users
  }

  package func measure(folder: String) async throws -> BenchResult {
    try SegmentLog.create(in: "\(folder)/log", partitions: partitions)
    let log = try SegmentLog.open(in: "\(folder)/log", scanner: EventIndexer())
    defer { log.close() }
    try await fill(log, folder: folder)

    let reading = DispatchTime.now().uptimeNanoseconds
    let count = try readAll(log)
    let rebuilding = DispatchTime.now().uptimeNanoseconds
    let projections = ProjectionRuntime(
      log: log, folder: "\(folder)/projections", report: { _ in })
    projections.start()
    let heads = Dictionary(
      uniqueKeysWithValues: (0..<partitions).map {
        (PartitionID($0), log.highWatermark(of: PartitionID($0)))
      })
    try await projections.waitUntil(covering: heads, timeout: .seconds(600))
    let done = DispatchTime.now().uptimeNanoseconds
    await projections.stop()
    return BenchResult(
      fields: [
        ("bench", .text("replay")),
        ("events_per_s", .integer(Int(Double(count) * 1e9 / Double(done - rebuilding)))),
        ("read_events_per_s", .integer(Int(Double(count) * 1e9 / Double(rebuilding - reading)))),
        ("events", .integer(count)),
        ("users", .integer(users)),
      ])
  }

  private func fill(_ log: SegmentLog, folder: String) async throws {
    let pool = PoolWork(threads: 2)
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let service = PartitionService(
      log: log, snapshots: SnapshotFiles(folder: "\(folder)/state", seal: log.seal),
      clock: SystemClock(),
      blocking: pool, group: loops, report: { _ in })
    let copies = EventCount(.messageCopied)
    service.subscribe(copies)
    _ = try await service.start()
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
        partition: PartitionID(index), commands: service, targets: targets,
        messageBytes: messageBytes, messages: each, inFlight: min(each, 2_048))
    }
    await withTaskGroup(of: Void.self) { group in
      for load in loads { group.addTask { await load.run() } }
    }
    if let failure = loads.compactMap(\.failure).first { throw failure }
    await copies.count(reaches: each * used.count)
    await service.stop()
    try await loops.shutdownGracefully()
    try await pool.stop()
  }

  /// Every batch once, checksums verified. Returns the number of events.
  private func readAll(_ log: SegmentLog) throws -> Int {
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
