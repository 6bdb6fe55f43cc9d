import DaybookModel
import NIOConcurrencyHelpers
import Ports

/// Answers queries from the projections' files and the log. What a projection answers covers the
/// log's head as of the call.
///
/// In the server the runtime says when the projections are there; over the data folder of
/// another process their files do.
package final class QueryService: Queries {
  private let log: any LogReader
  private let pages: HistoryPages
  private let folder: ProjectionFolder
  private let runtime: ProjectionRuntime?
  private let timeout: Duration
  private let threads: WorkerThreads
  private let readers = NIOLockedValueBox<[ProjectionName: ProjectionReader]>([:])

  /// `timeout` bounds how long a query waits for the projections.
  package init(
    log: any LogReader, folder: String, runtime: ProjectionRuntime? = nil,
    timeout: Duration = .seconds(5), threads: Int = 2
  ) {
    self.log = log
    self.folder = ProjectionFolder(folder)
    self.runtime = runtime
    self.timeout = timeout
    pages = HistoryPages(log: log)
    self.threads = WorkerThreads(count: threads)
  }

  /// Queries from now on throw `server_stopping`.
  package func stop() { threads.stop() }

  deinit { threads.stop() }

  package func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int, visible: [SeqInterval]?
  ) async throws -> HistoryPage {
    let pages = pages
    return try await threads.run { () throws(DaybookError) in
      try pages.history(of: conversation, before: before, limit: limit, visible: visible)
    }
  }

  package func events(
    of stream: StreamKey, from first: Seq, through last: Seq, limit: Int, bytesMax: Int
  ) async throws -> [StreamEvent] {
    let pages = pages
    return try await threads.run { () throws(DaybookError) in
      try pages.events(of: stream, from: first, through: last, limit: limit, bytesMax: bytesMax)
    }
  }

  package func unread(of user: UserID) async throws -> [UnreadCount] {
    let reader = try await reader(.unread, covering: heads)
    return try await threads.run { () throws(DaybookError) in
      try UnreadQuery.unread(of: user, in: reader)
    }
  }

  package func members(of group: GroupID, after: UserID?, limit: Int) async throws -> [UserID] {
    let partition = StreamKey.group(group).partition(of: log.partitionCount)
    let reader = try await reader(
      .unread, covering: [partition: log.highWatermark(of: partition)])
    return try await threads.run { () throws(DaybookError) in
      try UnreadQuery.members(of: group, after: after, limit: limit, in: reader)
    }
  }

  /// The mailbox and each group that the user is in, with what waits there for the device.
  /// Throws `unknown_user`, `unknown_device`, `projection_behind`.
  package func offline(user: UserID, device: DeviceID) async throws -> [OfflineStream] {
    let reader = try await reader(.offline, covering: heads)
    return try await threads.run { () throws(DaybookError) in
      try OfflineQuery.offline(user: user, device: device, in: reader)
    }
  }

  /// Returns when every projection holds what is durable now. Throws `projection_behind`.
  package func waitForHead() async throws(DaybookError) {
    let heads = heads
    for name in ProjectionName.allCases { _ = try await reader(name, covering: heads) }
  }

  private var heads: [PartitionID: Offset] {
    var heads: [PartitionID: Offset] = [:]
    for index in 0..<log.partitionCount {
      let partition = PartitionID(index)
      heads[partition] = log.highWatermark(of: partition)
    }
    return heads
  }

  private func reader(
    _ name: ProjectionName, covering heads: [PartitionID: Offset]
  ) async throws(DaybookError) -> ProjectionReader {
    if let runtime {
      try await runtime.waitUntil(covering: heads, timeout: timeout)
      return try open(name)
    }
    let deadline = ContinuousClock.now + timeout
    while true {
      if let reader = try await covering(name, heads) { return reader }
      guard ContinuousClock.now < deadline else { throw HeadWaiters.behind }
      // Another process commits: there is nobody to ask but its file.
      do {
        try await Task.sleep(for: .milliseconds(10))
      } catch {
        throw HeadWaiters.behind
      }
    }
  }

  /// The reader if the file's checkpoints are there. Throws what makes waiting pointless.
  private func covering(
    _ name: ProjectionName, _ heads: [PartitionID: Offset]
  ) async throws(DaybookError) -> ProjectionReader? {
    let logID = log.logID
    do throws(DaybookError) {
      let reader = try open(name)
      let header = try await threads.run { () throws(DaybookError) in try reader.header() }
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
    if let reader = readers.withLockedValue({ $0[name] }) { return reader }
    let reader = try ProjectionReader(name, folder: folder)
    readers.withLockedValue { $0[name] = reader }
    return reader
  }
}
