#if DAYBOOK_MUTANTS
  import Glibc
#endif

/// Safeties that a test build can leave out, one at a time, to see that some test notices
/// (`ops/prove mutants`). In every other build none can be: the question is a constant.
package enum Mutant: String, CaseIterable, Sendable {
  /// A batch is synced in the journal before it is acked.
  case dataSync
  /// Records of a journal file's earlier use do not count.
  case journalGeneration
  /// A journal file is used again once the segments hold what it has, and that is stated.
  case journalRecycling
  /// A segment is synced before it is stated to be.
  case segmentSync
  /// A new name is synced before anything counts on it.
  case folderSync
  case headerChecksum
  case bodyChecksum
  /// Checksums are seeded with what no client knows.
  case seed
  /// A batch continues the one before it.
  case chain
  /// Below what anyone states to be durable nothing may be missing.
  case floor
  /// Whole batches that nobody states to be durable are written again.
  case tailRewrite
  /// An owner appends to no file of an earlier one.
  case newFile
  /// Who is not the newest owner any more does not ack.
  case fence
  /// A failed sync is not tried again.
  case finality
  /// Manifest, epoch and the rest belong to one log.
  case identityProof
  /// Partitions are of one moment.
  case momentsProof

  #if DAYBOOK_MUTANTS
    private static let chosen = getenv("DAYBOOK_MUTANT").flatMap {
      Mutant(rawValue: String(cString: $0))
    }

    package static func leavesOut(_ safety: Mutant) -> Bool { chosen == safety }
  #else
    @inlinable @inline(__always)
    package static func leavesOut(_ safety: Mutant) -> Bool { false }
  #endif
}
