import DaybookModel
import Foundation
package import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Ports
import Requests
import Server

/// Group messages through decide and the log, each synced before it is answered; then the same batch
/// sizes by a bare loop.
package struct AppendBench: Sendable {
  private let partitions: Int
  private let messageBytes: Int
  /// Messages in all.
  private let messages: Int
  /// Messages in flight, over all partitions.
  private let inFlight: Int
  /// Groups of each partition.
  private let groups: Int
  private let logger: Logger

  package init(
    partitions: Int, messageBytes: Int, messages: Int, inFlight: Int, groups: Int,
    logger: Logger
  ) {
    self.partitions = partitions
    self.messageBytes = messageBytes
    self.messages = messages
    self.inFlight = inFlight
    self.groups = groups
    self.logger = logger
  }

  package func measure(folder: String) async throws -> BenchResult {
    let places = Backend.Places(in: folder, hasReadSide: false)
    try EmbeddedLog.create(in: places.log, partitions: partitions)
    let backend = try Backend(places, logger: logger)
    let sizes = BatchSizes()
    backend.committed.subscribe(sizes)
    try await backend.start()
    let loads = try await makeLoads(backend.commands)
    sizes.reset()

    let start = DispatchTime.now().uptimeNanoseconds
    await withTaskGroup(of: Void.self) { group in
      for load in loads { group.addTask { await load.run() } }
    }
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    if let failure = loads.compactMap(\.failure).first { throw failure }
    let batches = sizes.taken
    await backend.stop()

    let bare = BareLoop(batches: batches, files: partitions)
    let plain = try bare.plain(folder: folder)
    let prepared = try bare.prepared(folder: folder)
    var latencies = LatencyHistogram()
    for load in loads { latencies.merge(load.latencies) }
    let count = batches.count
    let bytes = batches.reduce(0) { $0 + $1.bytes }
    return BenchResult(
      fields: [
        ("bench", .text("append")),
        ("events_per_s", .integer(Int(Double(messages) / seconds))),
        ("bare_events_per_s", .integer(Int(Double(messages) / plain))),
        ("ratio_to_bare", .ratio(plain / seconds)),
        ("prepared_events_per_s", .integer(Int(Double(messages) / prepared))),
        ("ratio_to_prepared", .ratio(prepared / seconds)),
        ("in_flight", .integer(inFlight)),
        ("batches", .integer(count)),
        ("mean_batch_bytes", .integer(bytes / max(count, 1))),
        ("mib_per_s", .integer(Int(Double(bytes) / seconds / 1_048_576))),
      ] + latencies.fields)
  }

  /// One load a partition, with its groups made.
  private func makeLoads(_ service: any Commands) async throws -> [AppendLoad] {
    let sender = UserID(checked: "sender")
    var streams: [[StreamKey]] = Array(repeating: [], count: partitions)
    var name = 0
    while streams.contains(where: { $0.count < groups }) {
      let stream = StreamKey.group(GroupID(checked: "bench-\(name)"))
      name += 1
      let partition = stream.partition(of: partitions).index
      if streams[partition].count < groups { streams[partition].append(stream) }
    }
    let commands = CommandAsker(service)
    for (index, streams) in streams.enumerated() {
      for (number, stream) in streams.enumerated() {
        let id = NumberedOrigin(origin: Origin("bench-\(index)".utf8)!, number: UInt64(number + 1))
        _ = try await commands.ask(
          Command(
            stream: stream, actor: Actor(user: sender), id: id,
            body: .createGroup(GroupSettings(title: ""))))
      }
    }
    return streams.enumerated().map { index, streams in
      AppendLoad(
        partition: PartitionID(index), commands: service,
        targets: streams.map { AppendLoad.Target(stream: $0, actor: Actor(user: sender)) },
        messageBytes: messageBytes, messages: messages / partitions,
        inFlight: max(1, inFlight / partitions))
    }
  }
}

/// Remembers the sizes of committed batches, in order.
private final class BatchSizes: BatchConsumer {
  private let sizes = NIOLockedValueBox<[(file: Int, bytes: Int)]>([])

  var taken: [(file: Int, bytes: Int)] { sizes.withLockedValue { $0 } }

  func reset() { sizes.withLockedValue { $0 = [] } }

  func interrupted(_ partition: PartitionID) {}

  func committed(_ batch: CommittedBatch) {
    sizes.withLockedValue { $0.append((batch.partition.index, batch.body.readableBytes)) }
  }
}
