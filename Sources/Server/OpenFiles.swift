import Foundation

/// How many files this process may have open: connections are files too, and must leave enough for
/// the log and the projections.
package enum OpenFiles {
  /// What segments, indexes and projections may need at once.
  private static let own = 512
  private static let ownPerPartition = 8

  /// Raises the limit as far as the system lets it.
  package static func raiseLimit() {
    guard var limit else { return }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  /// How many connections there is room for, by the limit as it is now: whoever runs the server may
  /// set another one any time (prlimit).
  static func connectionsMax(partitions: Int) -> Int {
    guard let limit else { return 256 }
    let files = Int(min(limit.rlim_cur, 1 << 20))
    return max(files / 4, files - own - ownPerPartition * partitions)
  }

  private static var limit: rlimit? {
    var limit = rlimit()
    let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    return isKnown ? limit : nil
  }
}
