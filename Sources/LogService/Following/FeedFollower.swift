import DaybookModel
import DaybookSchema
import LogReading
package import Ports

/// What a follower needs of where it runs.
package struct FeedConditions: Sendable {
  package let log: any LogFeed
  let signal = HeadSignal()
  /// Reading blocks.
  package let threads: any BlockingWork
  package let clock: any WallClock
  package let positions: any PositionStore

  package init(
    log: any LogFeed, committed: any CommittedBatches, threads: any BlockingWork,
    clock: any WallClock, positions: any PositionStore
  ) {
    self.log = log
    committed.subscribe(signal)
    self.threads = threads
    self.clock = clock
    self.positions = positions
  }

  /// Does what blocks where that may.
  func blocking<Value: Sendable>(
    _ work: @escaping @Sendable () throws(DaybookError) -> Value
  ) async throws(DaybookError) -> Value {
    let result: Result<Value, DaybookError> = await withCheckedContinuation { continuation in
      threads.run { continuation.resume(returning: Result(catching: work)) }
    }
    return try result.get()
  }
}

/// One who follows the log: reads it, partition by partition in turns, and waits at its end.
struct FeedFollower: Sendable {
  /// What is read of a partition at a time.
  private static let chunkBytes = 1 << 20
  private static let intervalUsual = 5_000
  private static let intervals =
    Limits.feedHeadsMillisecondsMin...Limits.feedHeadsMillisecondsMax

  private let conditions: FeedConditions
  private let filter: FeedFilter
  private var positions: FeedPositions
  /// Where each partition's part ends; nil: never.
  private let ends: FeedPositions?
  private let interval: UInt64
  /// When what was sent last was recorded, by partition.
  private var sentUpTo: [PartitionID: Timestamp] = [:]

  private var log: any LogFeed { conditions.log }

  /// Finds where to begin. Throws what is wrong with the request.
  init(_ request: Daybook_V1_FollowRequest, _ conditions: FeedConditions) async throws(DaybookError)
  {
    self.conditions = conditions
    let log = conditions.log
    filter = try FeedFilter(request, partitionCount: log.partitionCount)
    let heads = FeedPositions(
      (0..<log.partitionCount).map { log.highWatermark(of: PartitionID($0)) })
    ends = request.untilHead ? heads : nil
    let asked =
      request.headsIntervalMs == 0 ? FeedFollower.intervalUsual : Int(request.headsIntervalMs)
    interval = UInt64(
      min(max(asked, FeedFollower.intervals.lowerBound), FeedFollower.intervals.upperBound))
    positions = try await conditions.blocking { () throws(DaybookError) in
      try FeedFollower.start(request.start, conditions, heads: heads)
    }
    for partition in filter.partitions where positions[partition] < log.startOffset(of: partition) {
      throw LogChunk.truncated(
        partition, start: log.startOffset(of: partition), asked: positions[partition])
    }
  }

  private static func start(
    _ start: Daybook_V1_FeedStart, _ conditions: FeedConditions, heads: FeedPositions
  ) throws(DaybookError) -> FeedPositions {
    let log = conditions.log
    var found = heads
    switch start.from {
    case .now(true): break
    case nil, .now(false):
      for index in heads.next.indices {
        found[PartitionID(index)] = log.startOffset(of: PartitionID(index))
      }
    case .offset(let offset):
      guard let offset = Int64(exactly: offset) else {
        throw DaybookError(.invalidRequest, "no offset is as high as \(offset)")
      }
      for index in heads.next.indices {
        let partition = PartitionID(index)
        found[partition] = max(Offset(offset), log.startOffset(of: partition))
        guard found[partition] <= heads[partition] else {
          throw DaybookError(
            .offsetOutOfRange, "partition \(partition) ends at offset \(heads[partition])")
        }
      }
    case .timeMs(let time):
      for index in heads.next.indices {
        let partition = PartitionID(index)
        found[partition] = try log.offset(
          of: partition, recordedFrom: Timestamp(milliseconds: time))
      }
    case .position(let token): found = try FeedPositions(token: token, of: log)
    case .name(let name):
      guard let stored = try conditions.positions.position(name) else {
        throw DaybookError(
          .positionNotFound,
          "no position is kept as \(PrintableText.quoted(name)): begin elsewhere, and save one under this name"
        )
      }
      found = try FeedPositions(token: stored.position, of: log)
    }
    return found
  }

  /// Until the end that was asked for, `expiresAt`, or what `send` throws. Throws `expired_token` then, and whatever
  /// reading does.
  mutating func run(
    until expiresAt: Timestamp, send: (Daybook_V1_FollowReply) async throws -> Void
  ) async throws {
    var headsDue = conditions.clock.uptime().milliseconds + interval
    var hasCaughtUp = false
    while true {
      try Task.checkCancellation()
      try checkEnd(expiresAt)
      let moment = conditions.signal.moment
      let hasMoved = try await advance(send)
      let now = conditions.clock.uptime().milliseconds
      let isAtEnd = !hasMoved
      if (isAtEnd && !hasCaughtUp) || now >= headsDue {
        headsDue = now + interval
        hasCaughtUp = hasCaughtUp || isAtEnd
        try await send(heads(isAtEnd))
      }
      guard isAtEnd else { continue }
      if ends != nil { return }
      await conditions.signal.wait(past: moment)
    }
  }

  private func checkEnd(_ expiresAt: Timestamp) throws(DaybookError) {
    guard !conditions.signal.isEnded else {
      throw DaybookError(.serverStopping, "the server is stopping; come again in a while")
    }
    guard conditions.clock.now() >= expiresAt else { return }
    throw DaybookError(.expiredToken, "the token's time is over: come again with another one")
  }

  private func end(of partition: PartitionID) -> Offset {
    let head = log.highWatermark(of: partition)
    return ends.map { min($0[partition], head) } ?? head
  }

  /// A chunk of each partition that has more. Returns whether there was one.
  private mutating func advance(
    _ send: (Daybook_V1_FollowReply) async throws -> Void
  ) async throws -> Bool {
    var hasMoved = false
    for partition in filter.partitions {
      let (from, end) = (positions[partition], end(of: partition))
      guard from < end else { continue }
      hasMoved = true
      let (log, filter) = (log, filter)
      let read = try await conditions.blocking { () throws(DaybookError) in
        try FeedFollower.read(log, partition, from: from, upTo: end, filter)
      }
      for batch in read.batches {
        positions[partition] = Offset(Int64(batch.nextOffset))
        sentUpTo[partition] = Timestamp(milliseconds: batch.lastRecordedAtMs)
        try await send(reply { $0.batch = batch })
      }
      positions[partition] = read.next
      sentUpTo[partition] = read.recordedAt
    }
    return hasMoved
  }

  private struct Read: Sendable {
    let batches: [Daybook_V1_EventBatch]
    let next: Offset
    let recordedAt: Timestamp
  }

  private static func read(
    _ log: any LogFeed, _ partition: PartitionID, from: Offset, upTo end: Offset,
    _ filter: FeedFilter
  ) throws(DaybookError) -> Read {
    let chunk = try log.read(partition, from: from, bytesMax: chunkBytes)
    var batches = EventBatches(partition)
    for batch in chunk.batches { try batches.add(batch, from: from, upTo: end, filter) }
    batches.close()
    return Read(
      batches: batches.complete, next: min(chunk.next, end),
      recordedAt: chunk.batches.last?.lastRecordedAt ?? .none)
  }

  private func reply(
    _ set: (inout Daybook_V1_FollowReply) -> Void
  ) -> Daybook_V1_FollowReply {
    var reply = Daybook_V1_FollowReply()
    set(&reply)
    reply.position = positions.token(of: log)
    return reply
  }

  private func heads(_ isAtEnd: Bool) -> Daybook_V1_FollowReply {
    var heads = Daybook_V1_FeedHeads()
    heads.caughtUp = isAtEnd
    let now = conditions.clock.now()
    heads.partitions = filter.partitions.map { partition in
      var lag = Daybook_V1_PartitionLag()
      lag.partition = UInt32(partition.rawValue)
      let head = log.highWatermark(of: partition)
      lag.headOffset = UInt64(head.rawValue)
      lag.nextOffset = UInt64(positions[partition].rawValue)
      if positions[partition] < head, let sent = sentUpTo[partition], sent < now {
        lag.lagMs = now.milliseconds - sent.milliseconds
      }
      return lag
    }
    return reply { $0.heads = heads }
  }
}
