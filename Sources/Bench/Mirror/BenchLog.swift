import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import Ports
import Server

/// A log of messages to groups, written without anybody who decides about them: what a mirror reads is
/// the same.
///
/// `@unchecked Sendable`: one task at a time writes.
final class BenchLog: @unchecked Sendable {
  let log: any OpenLog
  private let content: ByteBuffer
  private let streams: [[StreamKey]]
  private var count = 0

  private static let batchEvents = 500
  private static let groupsOfEach = 20

  init(_ log: any OpenLog, messageBytes: Int) {
    self.log = log
    content = ContentCoding.text(String(repeating: "m", count: messageBytes))
    var streams: [[StreamKey]] = Array(repeating: [], count: log.partitionCount)
    var number = 0
    while streams.contains(where: { $0.count < Self.groupsOfEach }) {
      let stream = StreamKey.group(GroupID(checked: "group-\(number)"))
      let index = stream.partition(of: log.partitionCount).index
      if streams[index].count < Self.groupsOfEach { streams[index].append(stream) }
      number += 1
    }
    self.streams = streams
  }

  /// So many to each partition, in turns.
  func fill(_ events: Int) async throws {
    var left = events
    while left > 0 {
      for index in 0..<log.partitionCount where left > 0 {
        let size = min(left, Self.batchEvents)
        left -= size
        try await append((0..<size).map { _ in event(of: index) }, to: PartitionID(index))
      }
    }
  }

  /// One, to each partition in turn, whether those before are durable or not. `logged` is told where it
  /// lies once it is.
  func append(logged: @escaping @Sendable (CommittedBatch) -> Void) {
    let index = count % log.partitionCount
    log.append(batch([event(of: index)]), to: PartitionID(index)) { result in
      if case .success(let batch) = result { logged(batch) }
    }
  }

  private func event(of partition: Int) -> Event {
    count += 1
    let streams = streams[partition]
    return Event(
      stream: streams[count % streams.count], seq: Seq(UInt64(count)),
      messageID: MessageID(ticks: UInt64(count), partition: PartitionID(partition)),
      recordedAt: SystemClock().now(), actor: Actor(user: UserID(checked: "sender")),
      body: .messageSent(Message(content: content)))
  }

  private func append(_ events: [Event], to partition: PartitionID) async throws {
    let batch = batch(events)
    _ = try await withCheckedContinuation { continuation in
      log.append(batch, to: partition) { continuation.resume(returning: $0) }
    }.get()
  }

  private func batch(_ events: [Event]) -> AppendBatch {
    var bytes = ByteBuffer(repeating: 0, count: log.batchHeaderBytes)
    let slots = events.map {
      EventEncoding.append($0, to: &bytes, bodyStart: log.batchHeaderBytes)
    }
    return AppendBatch(
      bytes: bytes, slots: slots, firstRecordedAt: events[0].recordedAt,
      lastRecordedAt: events[events.count - 1].recordedAt)
  }
}
