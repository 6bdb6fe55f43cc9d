import DaybookModel
import DaybookSchema
import Doubles
import Foundation
import NIOCore
import Ports
import SegmentLog
import Server
import Testing

typealias WholeLog = LogWriter & LogSearch

/// Every implementation of the log's ports, each with one partition more than is written to.
enum LogKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case segments
  case memory
  case memoryFrom1000 = "memory from 1,000"
  case memoryWithGaps = "memory with gaps"

  var testDescription: String { rawValue }

  /// Calls `body` with an empty log, which goes with it.
  func with(_ body: (any WholeLog) async throws -> Void) async throws {
    switch self {
    case .memory: try await body(MemoryLog(partitions: 2))
    case .memoryFrom1000: try await body(MemoryLog(partitions: 2, offsets: .from1000))
    case .memoryWithGaps: try await body(MemoryLog(partitions: 2, offsets: .gaps))
    case .segments:
      let folder = FileManager.default.temporaryDirectory.appending(
        path: "daybook-claims-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      // Small segments: a log of some pages has several.
      let options = SegmentLogOptions(
        segmentBytes: 16 << 10, firstSegmentBytes: 4 << 10, reserveBytes: 4096)
      try SegmentedLog.create(in: folder.path, partitions: 2, options: options)
      let log = try SegmentedLog.open(
        in: folder.path, options: options, scanner: EventIndexer(), logger: .silent)
      defer { log.close() }
      try await body(log)
    }
  }
}

/// What is written: the messages of a mailbox from some peers.
struct WrittenMailbox {
  static let partition = PartitionID(1)
  let stream = StreamKey.user(UserID(checked: "reader"))
  private(set) var events: [Event] = []
  private(set) var committed: [CommittedBatch] = []

  func peer(_ number: Int) -> UserID { UserID(checked: "peer-\(number % 5)") }

  func conversation(with number: Int) -> UInt64 {
    ConversationKey(stream: stream, peer: peer(number)).fingerprint
  }

  func message(_ number: Int) -> Event {
    let at = Timestamp(milliseconds: MessageID.zeroMilliseconds + UInt64(number))
    return Event(
      stream: stream, seq: Seq(UInt64(number)),
      messageID: MessageID(ticks: UInt64(number), partition: Self.partition), recordedAt: at,
      actor: Actor(user: peer(number)),
      body: .messageSent(Message(content: ContentCoding.text("message \(number)"))))
  }

  /// A batch of each of these sizes, one behind the other.
  mutating func write(_ sizes: [Int], to log: any LogWriter) async throws {
    for size in sizes {
      let fresh = (events.count + 1...events.count + size).map { message($0) }
      events += fresh
      committed.append(try await log.append(fresh, to: Self.partition))
    }
  }
}

extension LogWriter {
  func batch(_ events: [Event]) -> AppendBatch {
    var bytes = ByteBuffer(repeating: 0, count: batchHeaderBytes)
    let slots = events.map {
      EventEncoding.append($0, to: &bytes, bodyStart: batchHeaderBytes)
    }
    return AppendBatch(
      bytes: bytes, slots: slots, firstRecordedAt: events[0].recordedAt,
      lastRecordedAt: events[events.count - 1].recordedAt)
  }

  func append(_ events: [Event], to partition: PartitionID) async throws -> CommittedBatch {
    try await withCheckedContinuation { continuation in
      append(batch(events), to: partition) { continuation.resume(returning: $0) }
    }.get()
  }
}

/// An event where it was found.
struct PlacedEvent: Equatable {
  var offset: Offset
  var event: Event
}

extension CommittedBatch {
  func placed() throws(DaybookError) -> [PlacedEvent] {
    var found: [PlacedEvent] = []
    try forEachEvent { index, bytes throws(DaybookError) in
      found.append(
        PlacedEvent(offset: offset(of: index), event: try EventDecoding.decode(bytes)))
    }
    return found
  }
}

extension LogFeed {
  /// Everything from an offset to the head, a chunk at a time.
  func all(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws -> [PlacedEvent] {
    var found: [PlacedEvent] = []
    var next = offset
    while next < highWatermark(of: partition) {
      let chunk = try read(partition, from: next, bytesMax: bytesMax)
      guard chunk.next > next else { throw NoProgress(at: next) }
      for batch in chunk.batches { found += try batch.placed() }
      next = chunk.next
    }
    return found
  }
}

struct NoProgress: Error {
  let at: Offset
}

/// The code of what is thrown; nil if nothing is.
func code(_ body: () throws -> Void) -> ErrorCode? {
  do {
    try body()
    return nil
  } catch {
    return (error as? DaybookError)?.code
  }
}
