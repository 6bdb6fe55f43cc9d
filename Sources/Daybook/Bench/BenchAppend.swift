import ArgumentParser
import DaybookModel
import Foundation
import NIOConcurrencyHelpers
import NIOPosix
import Partitions
import Ports
import SegmentLog

struct BenchAppend: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "append",
    abstract: "Group messages through decide and the log, each synced before it is answered.",
    discussion: """
      In this process, without network and projections. A bare loop then writes and syncs the
      same bytes in the same batch sizes, one thread a partition: ratio_to_bare is what Daybook
      gets of that.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "Messages in all.")
  var messages = 2_000_000

  @Option(help: "Messages in flight, over all partitions.")
  var inFlight = 32_768

  @Option(help: "Groups of each partition.")
  var groups = 16

  func run() async throws {
    try await options.report(by: "events_per_s") { try await measure(folder: $0) }
  }

  private func measure(folder: String) async throws -> BenchResult {
    try SegmentLog.create(in: "\(folder)/log", partitions: options.partitions)
    let log = try SegmentLog.open(in: "\(folder)/log", scanner: EventIndexer())
    let pool = PoolWork(threads: 2)
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let service = PartitionService(
      log: log, snapshots: SnapshotFiles(folder: "\(folder)/state"), clock: SystemClock(),
      blocking: pool, group: loops, report: { _ in })
    let sizes = BatchSizes(partitions: options.partitions)
    service.subscribe(sizes)
    _ = try await service.start()
    let loads = try await makeLoads(service)
    sizes.reset()

    let start = DispatchTime.now().uptimeNanoseconds
    await withTaskGroup(of: Void.self) { group in
      for load in loads { group.addTask { await load.run() } }
    }
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    if let failure = loads.compactMap(\.failure).first { throw failure }
    let batches = sizes.taken
    await service.stop()
    log.close()
    try await loops.shutdownGracefully()
    try await pool.stop()

    let bare = try BareLoop.seconds(folder: folder, batchBytes: batches)
    var latencies = LatencyHistogram()
    for load in loads { latencies.merge(load.latencies) }
    let count = batches.reduce(0) { $0 + $1.count }
    let bytes = batches.joined().reduce(0, +)
    return BenchResult(
      fields: [
        ("bench", .text("append")),
        ("events_per_s", .integer(Int(Double(messages) / seconds))),
        ("bare_events_per_s", .integer(Int(Double(messages) / bare))),
        ("ratio_to_bare", .ratio(bare / seconds)),
        ("in_flight", .integer(inFlight)),
        ("batches", .integer(count)),
        ("mean_batch_bytes", .integer(bytes / max(count, 1))),
        ("mib_per_s", .integer(Int(Double(bytes) / seconds / 1_048_576))),
      ] + latencies.fields)
  }

  /// One load a partition, with its groups made.
  private func makeLoads(_ service: PartitionService) async throws -> [AppendLoad] {
    let sender = UserID(checked: "sender")
    var streams: [[StreamKey]] = Array(repeating: [], count: options.partitions)
    var name = 0
    while streams.contains(where: { $0.count < groups }) {
      let stream = StreamKey.group(GroupID(checked: "bench-\(name)"))
      name += 1
      let partition = stream.partition(of: options.partitions).index
      if streams[partition].count < groups { streams[partition].append(stream) }
    }
    let desk = CommandDesk(service)
    for (index, streams) in streams.enumerated() {
      for (number, stream) in streams.enumerated() {
        let id = NumberedOrigin(origin: Origin("bench-\(index)".utf8)!, number: UInt64(number + 1))
        _ = try await desk.ask(
          Command(
            stream: stream, actor: Actor(user: sender), id: id, body: .createGroup(title: "")))
      }
    }
    return streams.enumerated().map { index, streams in
      AppendLoad(
        partition: PartitionID(index), commands: service,
        targets: streams.map { AppendLoad.Target(stream: $0, actor: Actor(user: sender)) },
        messageBytes: options.messageBytes, messages: messages / options.partitions,
        inFlight: max(1, inFlight / options.partitions))
    }
  }
}

/// Remembers the sizes of committed batches, in order, by partition.
private final class BatchSizes: BatchConsumer {
  private let sizes: NIOLockedValueBox<[[Int]]>
  private let empty: [[Int]]

  init(partitions: Int) {
    empty = Array(repeating: [], count: partitions)
    sizes = NIOLockedValueBox(empty)
  }

  var taken: [[Int]] { sizes.withLockedValue { $0 } }

  func reset() { sizes.withLockedValue { $0 = empty } }

  func committed(_ batch: CommittedBatch) {
    sizes.withLockedValue { $0[batch.partition.index].append(batch.body.readableBytes) }
  }
}
