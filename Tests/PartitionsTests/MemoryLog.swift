import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Ports

@testable import Partitions

/// A log in memory that outlives the service on top of it, and fails when told to.
final class MemoryLog: LogPort {
  let partitionCount: Int
  let logID = "memory"
  let seal = LogSeal { bytes in bytes.reduce(7) { $0 &* 31 &+ UInt32($1) } }
  let epoch = Epoch(1)
  let batchHeaderBytes = 16
  private let state: NIOLockedValueBox<State>

  struct State {
    var partitions: [[CommittedBatch]]
    var faults: [PartitionID: DaybookError] = [:]
    var unreadable: Set<PartitionID> = []
  }

  init(partitions: Int) {
    partitionCount = partitions
    state = NIOLockedValueBox(State(partitions: Array(repeating: [], count: partitions)))
  }

  func fail(_ partition: PartitionID, with error: DaybookError?) {
    state.withLockedValue { $0.faults[partition] = error }
  }

  func makeUnreadable(_ partition: PartitionID) {
    state.withLockedValue { _ = $0.unreadable.insert(partition) }
  }

  func highWatermark(of partition: PartitionID) -> Offset {
    state.withLockedValue { $0.partitions[partition.index].last?.nextOffset ?? .zero }
  }

  func append(
    _ batch: AppendBatch, to partition: PartitionID,
    completion: @escaping @Sendable (Result<CommittedBatch, DaybookError>) -> Void
  ) {
    let outcome: Result<CommittedBatch, DaybookError> = state.withLockedValue { state in
      if let fault = state.faults[partition] { return .failure(fault) }
      let base = state.partitions[partition.index].last?.nextOffset ?? .zero
      var body = batch.bytes
      body.moveReaderIndex(forwardBy: batchHeaderBytes)
      let committed = CommittedBatch(
        partition: partition, baseOffset: base, nextOffset: base.advanced(by: batch.slots.count),
        count: batch.slots.count, lastRecordedAt: batch.lastRecordedAt, body: body,
        slots: batch.slots)
      state.partitions[partition.index].append(committed)
      return .success(committed)
    }
    completion(outcome)
  }

  func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws(DaybookError) -> [CommittedBatch] {
    let (batches, unreadable) = state.withLockedValue {
      ($0.partitions[partition.index], $0.unreadable.contains(partition))
    }
    if unreadable { throw DaybookError(.logCorrupt, "told to be") }
    return Array(batches.drop { $0.nextOffset <= offset }.prefix(3))
  }

  /// All events of all partitions of one kind.
  func events(_ kind: EventKind) throws -> [Event] {
    var found: [Event] = []
    for index in 0..<partitionCount {
      var next = Offset.zero
      while case let batches = try read(PartitionID(index), from: next, bytesMax: 1),
        !batches.isEmpty
      {
        for batch in batches {
          try batch.forEachEvent { _, bytes throws(DaybookError) in
            let event = try EventDecoding.decode(bytes)
            if event.kind == kind { found.append(event) }
          }
          next = batch.nextOffset
        }
      }
    }
    return found
  }

  func events(
    _ partition: PartitionID, at offsets: [Offset]
  ) throws(DaybookError) -> [StoredEvent] { [] }

  func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting] { [] }

  func postings(
    _ partition: PartitionID, conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting] { [] }
}

/// Lets a test await the answers of commands.
final class Answers: CommandReceiver {
  private let waiting = NIOLockedValueBox<
    [UInt64: CheckedContinuation<Result<CommandOutcome, DaybookError>, Never>]
  >([:])
  private let tokens = NIOLockedValueBox<UInt64>(0)

  func receive(_ answers: [CommandAnswer]) {
    for answer in answers {
      waiting.withLockedValue { $0.removeValue(forKey: answer.token) }?.resume(
        returning: answer.outcome)
    }
  }

  func ask(
    _ command: Command, of service: PartitionService
  ) async -> Result<CommandOutcome, DaybookError> {
    let token = tokens.withLockedValue {
      $0 += 1
      return $0
    }
    return await withCheckedContinuation { continuation in
      waiting.withLockedValue { $0[token] = continuation }
      service.submit(
        [PendingCommand(command, receiver: self, token: token)],
        to: command.stream.partition(of: service.partitionCount))
    }
  }
}

/// Signals when something that a test waits for has been committed.
final class Watch: BatchConsumer {
  private let state = NIOLockedValueBox<
    (seen: Int, waiters: [(Int, CheckedContinuation<Void, Never>)])
  >(
    (0, []))
  private let kind: EventKind

  init(_ kind: EventKind) { self.kind = kind }

  func committed(_ batch: CommittedBatch) {
    let found = (batch.slots ?? []).filter { $0.kind == kind }.count
    let due = state.withLockedValue { state in
      state.seen += found
      let due = state.waiters.filter { $0.0 <= state.seen }
      state.waiters.removeAll { $0.0 <= state.seen }
      return due
    }
    for (_, continuation) in due { continuation.resume() }
  }

  func count(reaches target: Int) async {
    await withCheckedContinuation { continuation in
      let now = state.withLockedValue { state in
        if state.seen >= target { return true }
        state.waiters.append((target, continuation))
        return false
      }
      if now { continuation.resume() }
    }
  }
}
