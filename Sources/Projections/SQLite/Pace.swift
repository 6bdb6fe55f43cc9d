import GRDB

/// How a database is written. While much is folded into a new file, nothing is synced: whoever opens it
/// again before it is completed looks at all of it.
enum Pace {
  case steady, bulk

  /// Of a WAL that is brought into its database. The WAL of a small database would else be the largest
  /// part of it, for good.
  private var walPages: Int {
    switch self {
    case .steady: 256
    case .bulk: 4_096
    }
  }

  /// Of pages in memory.
  private var cacheKiB: Int {
    switch self {
    case .steady: 2_048
    case .bulk: 16_384
    }
  }

  /// Outside of transactions.
  func set(in database: Database) throws {
    try database.execute(sql: "PRAGMA synchronous = \(self == .bulk ? "OFF" : "NORMAL")")
    try database.execute(sql: "PRAGMA wal_autocheckpoint = \(walPages)")
    try database.execute(sql: "PRAGMA journal_size_limit = \(walPages * 4096)")
    try database.execute(sql: "PRAGMA cache_size = -\(cacheKiB)")
  }
}
