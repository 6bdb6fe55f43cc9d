package import DaybookModel
import NIOConcurrencyHelpers
package import Ports

/// Answers queries from the projections' files and the log. What a projection answers covers the
/// log's head as of the call.
///
/// In the server the runtime says when the projections are there; over the data folder of
/// another process their files do.
package final class QueryService: Queries, Inspection {
  let log: any SearchableLog
  let clock: any WallClock
  let receiptsMembersMax: UInt64
  let work: QueryWork
  let groupReads: GroupReadCounts
  private let folder: ProjectionFolder
  private let runtime: ProjectionRuntime?
  private let relay: (any RelayProgress)?
  private let timeout: Duration
  private let pauses = Pauses()
  private let readers = NIOLockedValueBox<[ProjectionName: ProjectionReader]>([:])

  /// `clock` tells what has expired. Of groups with more than `receiptsMembersMax` members nobody
  /// is told who has read what. `relay` tells what a read token's partition has brought to others:
  /// without it, tokens cover their own partition alone. `timeout` bounds how long a query waits for
  /// the projections. What blocks runs on `threads`.
  package init(
    log: any SearchableLog, folder: String, clock: any WallClock, runtime: ProjectionRuntime? = nil,
    relay: (any RelayProgress)? = nil, receiptsMembersMax: UInt64 = 1_000,
    timeout: Duration = .seconds(5), threads: any BlockingWork
  ) {
    self.log = log
    self.folder = ProjectionFolder(folder)
    self.clock = clock
    self.runtime = runtime
    self.relay = relay
    self.receiptsMembersMax = receiptsMembersMax
    self.timeout = timeout
    work = QueryWork(threads)
    groupReads = GroupReadCounts(log: log)
  }

  /// Queries from now on throw `server_stopping`.
  package func stop() { work.stop() }

  /// Returns when every projection holds what is durable now. Throws `projection_behind`.
  package func waitForHead() async throws(DaybookError) {
    let heads = heads
    for name in ProjectionName.allCases { _ = try await reader(name, covering: heads) }
  }

  package func waitUntil(covering token: ReadToken) async throws(DaybookError) {
    guard token.partition.index < log.partitionCount else {
      throw DaybookError(
        .invalidRequest,
        "there is no partition \(token.partition): the read token is of another log")
    }
    let deadline = ContinuousClock.now + timeout
    while await !covers(token) {
      guard ContinuousClock.now < deadline else { throw HeadWaiters.behind }
      await pauses.pause(for: .milliseconds(2))
    }
  }

  private func covers(_ token: ReadToken) async -> Bool {
    guard log.highWatermark(of: token.partition) >= token.next else { return false }
    guard let relay else { return true }
    return await relay.relayedThrough(token.partition) >= token.next
  }

  var heads: [PartitionID: Offset] {
    var heads: [PartitionID: Offset] = [:]
    for index in 0..<log.partitionCount {
      let partition = PartitionID(index)
      heads[partition] = log.highWatermark(of: partition)
    }
    assert(heads.count == log.partitionCount, "a head for each partition")
    return heads
  }

  func reader(
    _ name: ProjectionName, covering stream: StreamKey
  ) async throws(DaybookError) -> ProjectionReader {
    let partition = stream.partition(of: log.partitionCount)
    return try await reader(name, covering: [partition: log.highWatermark(of: partition)])
  }

  func reader(
    _ name: ProjectionName, covering heads: [PartitionID: Offset]
  ) async throws(DaybookError) -> ProjectionReader {
    assert(heads.keys.allSatisfy { $0.index < log.partitionCount }, "heads are of partitions")
    if let runtime { return try await reader(name, covering: heads, by: runtime) }
    let deadline = ContinuousClock.now + timeout
    while true {
      if let reader = try await covering(name, heads) { return reader }
      guard ContinuousClock.now < deadline else { throw HeadWaiters.behind }
      // Another process commits: there is nobody to ask but its file.
      await pauses.pause(for: .milliseconds(10))
    }
  }

  /// A file that is made anew between waiting and opening lacks what was waited for: it is waited for
  /// again, and what is opened must be what was waited for.
  private func reader(
    _ name: ProjectionName, covering heads: [PartitionID: Offset], by runtime: ProjectionRuntime
  ) async throws(DaybookError) -> ProjectionReader {
    let deadline = ContinuousClock.now + timeout
    while true {
      try await runtime.waitUntil(name, covering: heads, timeout: deadline - .now)
      let reader = try open(name)
      try await runtime.waitUntil(name, covering: heads, timeout: deadline - .now)
      if reader.isInPlace { return reader }
      guard ContinuousClock.now < deadline else { throw HeadWaiters.behind }
    }
  }

  /// The reader if the file's checkpoints are there. Throws what makes waiting pointless.
  private func covering(
    _ name: ProjectionName, _ heads: [PartitionID: Offset]
  ) async throws(DaybookError) -> ProjectionReader? {
    let logID = log.logID
    do throws(DaybookError) {
      let reader = try open(name)
      let header = try await work.run { () throws(DaybookError) in try reader.header() }
      guard header.logID == logID else { return nil }
      let isThere = heads.allSatisfy { partition, head in
        partition.index < header.checkpoints.count && header.checkpoints[partition.index] >= head
      }
      return isThere ? reader : nil
    } catch {
      if error.code == .projectionBehind { return nil }
      throw error
    }
  }

  private func open(_ name: ProjectionName) throws(DaybookError) -> ProjectionReader {
    if let reader = readers.withLockedValue({ $0[name] }), reader.isInPlace { return reader }
    var whenDamaged: (@Sendable (FileIdentity, DaybookError) -> Void)?
    if let runtime { whenDamaged = { runtime.foundDamage(name, $0, $1) } }
    let reader = try ProjectionReader(name, folder: folder, whenDamaged: whenDamaged)
    readers.withLockedValue { $0[name] = reader }
    return reader
  }
}
