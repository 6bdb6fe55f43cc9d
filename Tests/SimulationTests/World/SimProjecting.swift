import DaybookModel
import DaybookSchema
import Doubles
import Foundation
import NIOCore
import Ports

@testable import Projections

/// The projections of a run, folded in chunks of any size and committed now and then, by engines
/// that are closed, or just gone, and opened again.
final class SimProjecting {
  private unowned let run: SimRun
  let folder: String
  private let reader: any SearchableLog
  private var engine: ProjectionEngine

  init(_ run: SimRun) throws {
    self.run = run
    folder = SimProjecting.folder(run.seed)
    reader = run.mutation == .eventUnfolded ? ForgetfulReader(run.log) : run.log
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    engine = try SimProjecting.open(reader, folder)
  }

  deinit {
    engine.close()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// In memory where the system has such a folder: nothing here is to outlive the run.
  private static func folder(_ seed: UInt64) -> String {
    let base =
      FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    return "\(base)/daybook-simulation-\(UUID().uuidString)-\(seed)"
  }

  private static func open(_ reader: any SearchableLog, _ folder: String) throws -> ProjectionEngine
  {
    var settings = ProjectionSettings()
    settings.chunkBytes = 1
    return ProjectionEngine(
      ProjectionName.allCases, log: reader, settings: settings,
      path: ProjectionFolder(folder).path, logger: .silent)
  }

  func step() {
    do {
      switch run.dice.below(40) {
      case 0: try engine.commit()
      case 1 where run.dice.oneIn(4): try reopen()
      default: _ = engine.fold(PartitionID(run.dice.below(run.log.partitionCount)))
      }
    } catch {
      run.findings.add("the projections: \(error)")
    }
  }

  /// What was not committed is folded again.
  private func reopen() throws {
    if run.dice.oneIn(2) { try engine.commit() }
    engine.close()
    engine = try SimProjecting.open(reader, folder)
  }

  func catchUp() throws { try engine.catchUp() }

  /// State hashes by name: of what was folded bit by bit, and of all of it folded afresh.
  func hashes() throws -> (live: [String], rebuilt: [String], verdicts: [ProjectionVerdict]) {
    let live = ProjectionCatalog(folder: folder, log: run.log, logger: .silent)
    let rebuilt = "\(folder)/rebuilt"
    try FileManager.default.createDirectory(atPath: rebuilt, withIntermediateDirectories: true)
    let engine = ProjectionEngine(
      ProjectionName.allCases, log: run.log, settings: ProjectionSettings(),
      path: ProjectionFolder(rebuilt).path,
      logger: .silent)
    try engine.catchUp()
    let again = try ProjectionCatalog(folder: rebuilt, log: run.log, logger: .silent).list().map(
      \.stateHash)
    engine.close()
    return (try live.list().map(\.stateHash), again, try live.verify())
  }
}

/// Reads direct messages as if they were nothing.
private final class ForgetfulReader: LogFeed, LogSearch {
  private let log: SimLog

  init(_ log: SimLog) { self.log = log }

  var partitionCount: Int { log.partitionCount }
  var logID: String { log.logID }
  var branchID: String { log.branchID }
  var epoch: Epoch { log.epoch }
  var seal: LogSeal { log.seal }

  func startOffset(of partition: PartitionID) -> Offset { log.startOffset(of: partition) }
  func highWatermark(of partition: PartitionID) -> Offset { log.highWatermark(of: partition) }

  func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws(DaybookError) -> LogChunk {
    var chunk = try log.read(partition, from: offset, bytesMax: bytesMax)
    for at in chunk.batches.indices {
      var body = ByteBuffer()
      try chunk.batches[at].forEachEvent { _, bytes throws(DaybookError) in
        var event = try EventDecoding.decode(bytes)
        if event.kind == .messageSent, event.stream.kind == .user {
          (event.body, event.messageID) = (.noted, .none)
        }
        _ = EventEncoding.append(event, to: &body, bodyStart: 0)
      }
      chunk.batches[at].body = body
    }
    return chunk
  }

  func events(
    _ partition: PartitionID, at offsets: [Offset]
  ) throws(DaybookError) -> [StoredEvent] { try log.events(partition, at: offsets) }

  func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try log.postings(partition, stream: stream, from: first, through: last, limit: limit)
  }

  func postings(
    _ partition: PartitionID, unsequenced stream: UInt64, from first: Offset,
    through last: Offset, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try log.postings(partition, unsequenced: stream, from: first, through: last, limit: limit)
  }

  func postings(
    _ partition: PartitionID, origin: UInt64, from first: UInt64, through last: UInt64, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try log.postings(partition, origin: origin, from: first, through: last, limit: limit)
  }

  func postings(
    _ partition: PartitionID, conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try log.postings(partition, conversation: conversation, before: before, limit: limit)
  }
}
