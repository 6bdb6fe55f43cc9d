package import DaybookModel
import Foundation
import Ports

/// How far a rebuild or a catching-up is.
package struct ProjectionProgress: Sendable {
  /// Events folded by this run, and events that it has to fold.
  package let events: UInt64
  package let total: UInt64
  package let eventsPerSecond: Double
  /// Nil while there is no rate yet.
  package let secondsLeft: Double?
}

/// What a rebuild of one projection came to.
package struct RebuildOutcome: Sendable, Equatable {
  package enum Comparison: Sendable, Equatable {
    /// The one before was at the same head, and had the same state hash, or this one.
    case equal
    case differs(before: String)
    /// There was none before, or none at the same head of this log.
    case nothingToCompare
  }

  package let status: ProjectionStatus
  package let comparison: Comparison
  /// It went on from where an earlier rebuild was ended.
  package let resumed: Bool
}

extension ProjectionCatalog {
  /// Folds what the files lack, for a server that is stopped: the caller holds the folder's lock.
  /// Throws `log_corrupt`, `storage_failed`, `storage_full`, `permission_denied`.
  package func catchUp(
    progress: @escaping (ProjectionProgress) -> Void = { _ in }
  ) throws(DaybookError) {
    let engine = ProjectionEngine(
      ProjectionName.allCases, log: log, settings: ProjectionSettings(), path: folder.path,
      logger: logger)
    try fold(engine, progress)
    engine.close()
  }

  /// Builds one projection or all anew beside the old ones, goes on where an interrupted rebuild
  /// stopped, and swaps them in when they have reached the head. The caller holds the folder's
  /// lock. Throws as `catchUp` does.
  package func rebuild(
    _ name: ProjectionName? = nil,
    progress: @escaping (ProjectionProgress) -> Void = { _ in }
  ) throws(DaybookError) -> [RebuildOutcome] {
    let names = name.map { [$0] } ?? ProjectionName.allCases
    let engine = ProjectionEngine(
      names, log: log, settings: ProjectionSettings(), path: folder.rebuildPath, logger: logger)
    try fold(engine, progress)
    var outcomes: [RebuildOutcome] = []
    for projection in engine.projections { outcomes.append(try swap(projection)) }
    assert(outcomes.count == names.count, "every projection that was asked for is swapped in")
    return outcomes
  }

  private func fold(
    _ engine: ProjectionEngine, _ progress: (ProjectionProgress) -> Void
  ) throws(DaybookError) {
    let start = ContinuousClock.now
    var events: UInt64 = 0
    try engine.catchUp { folded in
      events += UInt64(folded)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      let rate = seconds > 0 ? Double(events) / seconds : 0
      let ahead = engine.offsetsAhead
      progress(
        ProjectionProgress(
          events: events, total: events + ahead, eventsPerSecond: rate,
          secondsLeft: rate > 0 ? Double(ahead) / rate : nil))
    }
  }

  /// Puts the rebuilt file in the old one's place. A crash at any point leaves one or the other:
  /// the old one is brought into a single file first, for a WAL left beside the new one would be
  /// taken for its own.
  private func swap(
    _ projection: Projection
  ) throws(DaybookError) -> RebuildOutcome {
    let path = folder.path(projection.name)
    let rebuilt = projection.file.header
    assert(rebuilt.checkpoints == projection.positions, "all that was folded is committed")
    let before = try? ProjectionReader(projection.name, folder: folder).header()
    try retireOld(path)
    try projection.file.closeAsOneFile()
    let comparison: RebuildOutcome.Comparison
    if let before, before.logID == rebuilt.logID, before.checkpoints == rebuilt.checkpoints,
      before.schemaVersion == rebuilt.schemaVersion
    {
      comparison =
        before.stateHash == rebuilt.stateHash
        ? .equal : .differs(before: Hex.digits(before.stateHash))
    } else {
      comparison = .nothingToCompare
    }
    try replace(path, with: projection.file.path)
    return RebuildOutcome(
      status: ProjectionStatus(projection.name, rebuilt), comparison: comparison,
      resumed: projection.file.origin == .continued)
  }

  /// Leaves nothing beside the old file. One that is damaged, or that someone has open, goes at
  /// once: then a crash before the swap costs a rebuild.
  private func retireOld(_ path: String) throws(DaybookError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    do {
      try ProjectionFile.closeAsOneFile(path)
    } catch {
      try ProjectionFile.remove(path)
    }
  }

  private func replace(_ target: String, with source: String) throws(DaybookError) {
    guard rename(source, target) == 0 else {
      throw DaybookError(
        .storageFailed, "can't rename \(source) to \(target): check its permissions")
    }
  }
}
