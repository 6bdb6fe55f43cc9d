import Foundation

/// How a database is named to SQLite.
enum SQLiteAddress {
  /// For reading what nobody writes, without changing anything: a URI
  /// (https://sqlite.org/uri.html), for opening read-only alone makes `-shm` and `-wal` of a
  /// database in WAL mode where they are missing, and rewrites `-shm` where nobody has it open:
  /// without a WAL the file is all there is and is read as immutable, and beside a WAL SQLite keeps
  /// its index in memory if it may not write `-shm`. Only a WAL whose `-shm` was taken away can't
  /// be read without making that again, which holds nothing of its own.
  static func ofNobody(_ path: String) -> String {
    let parameters =
      if !isFile(path + "-wal") {
        "immutable=1"
      } else if isFile(path + "-shm") {
        "mode=ro&readonly_shm=1"
      } else {
        "mode=ro"
      }
    let escaped = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
    return "file:\(escaped)?\(parameters)"
  }

  /// A pipe in its place would be waited for.
  static func isFile(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.type] as? FileAttributeType == .typeRegular
  }
}
