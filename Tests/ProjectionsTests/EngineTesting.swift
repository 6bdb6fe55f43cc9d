import DaybookModel
import Doubles
import GRDB
import Ports

@testable import Projections

/// An engine over the files of a folder, driven by hand.
func makeEngine(
  _ log: MemoryLog, _ folder: TemporaryFolder, chunkBytes: Int = 4 << 20,
  eventsPerCommitMax: Int = 200_000, eventsBehindMax: UInt64 = 50_000, feed: BatchFeed? = nil
) throws -> ProjectionEngine {
  var settings = ProjectionSettings()
  settings.chunkBytes = chunkBytes
  settings.eventsPerCommitMax = eventsPerCommitMax
  settings.eventsBehindMax = eventsBehindMax
  return ProjectionEngine(
    ProjectionName.allCases, log: log, settings: settings, feed: feed,
    path: ProjectionFolder(folder.path).path, logger: .silent)
}

/// What was committed since this was last asked, as the owners of the partitions tell of it.
struct CommitTeller {
  private let log: MemoryLog
  private var told: [Offset]

  init(_ log: MemoryLog) {
    self.log = log
    told = (0..<log.partitionCount).map { log.highWatermark(of: PartitionID($0)) }
  }

  mutating func next() -> [CommittedBatch] {
    (0..<log.partitionCount).flatMap { index in
      let batches = log.batches(PartitionID(index), past: told[index])
      told[index] = batches.last?.nextOffset ?? told[index]
      return batches
    }
  }
}

/// One projection as it is caught up with all others, for a sweep that leaves the others' files as
/// they are.
func catchUpAlone(_ name: ProjectionName, _ log: MemoryLog, _ folder: TemporaryFolder) throws {
  let engine = ProjectionEngine(
    [name], log: log, settings: ProjectionSettings(), path: ProjectionFolder(folder.path).path,
    logger: .silent)
  try engine.catchUp()
  engine.close()
}

func stateHashes(_ log: MemoryLog, _ folder: TemporaryFolder) throws -> [String] {
  try ProjectionCatalog(folder: folder.path, log: log, logger: .silent).list().map(\.stateHash)
}

func hashesOfRebuild(_ log: MemoryLog) throws -> [String] {
  let folder = try TemporaryFolder()
  let engine = try makeEngine(log, folder)
  try engine.catchUp()
  return try stateHashes(log, folder)
}

func open(_ name: ProjectionName, _ folder: TemporaryFolder) throws -> DatabaseQueue {
  try DatabaseQueue(path: ProjectionFolder(folder.path).path(name))
}

func makeQueries(
  _ log: MemoryLog, _ folder: TemporaryFolder, clock: SettableClock = SettableClock(),
  runtime: ProjectionRuntime? = nil, receiptsMembersMax: UInt64 = 1_000,
  timeout: Duration = .seconds(60)
) -> QueryService {
  QueryService(
    log: log, folder: folder.path, clock: clock, runtime: runtime,
    receiptsMembersMax: receiptsMembersMax, timeout: timeout, threads: ThreadWork())
}

func unreadCounts(_ queries: QueryService, of user: UserID) async throws -> [String: UInt64] {
  var counts: [String: UInt64] = [:]
  for count in try await queries.unread(of: user) where count.unread > 0 {
    counts["\(count.conversation)"] = count.unread
  }
  return counts
}
