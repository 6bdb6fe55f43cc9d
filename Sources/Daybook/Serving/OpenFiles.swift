import Foundation

/// How many files this process may have open: connections are files too, and must leave enough for
/// the log and the projections.
enum OpenFiles {
  /// What segments, indexes and projections may need at once.
  private static let own = 512
  private static let ownPerPartition = 8

  /// Raises the limit as far as the system lets it. Returns how many connections it has room for.
  static func connectionsMax(partitions: Int) -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 256 }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let files = Int(min(limit.rlim_cur, 1 << 20))
    return max(files / 4, files - own - ownPerPartition * partitions)
  }
}
