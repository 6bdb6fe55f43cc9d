import DaybookModel
import GRDB
import NIOConcurrencyHelpers

/// Whether a projection's file is what its header says. Damage that SQLite does not meet would be
/// answers that are wrong: what is small is looked at whole when it is opened, and the rest by
/// `daybook projection verify`.
enum FileCheck {
  /// Some 100,000 rows, which take a moment.
  static let wholeBytesMax = 8 << 20

  /// Returns whether indexes were left out while much was folded. Such a file was not synced, and may
  /// be what a power cut has left: it is looked at whole, and in all that finds its rows. Throws an
  /// error of the file's own (`SQLiteFault.isOfTheFile`) for what can't be gone on with.
  static func check(
    _ database: Database, _ header: ProjectionHeader, _ layouts: [TableLayout]
  ) throws -> Bool {
    let isBare = try checkTables(database, layouts)
    // Some bits of a file's first page make SQLite take it for one that it may only read.
    try database.inTransaction(.immediate) { .rollback }
    let size = try database.firstRow(
      "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    guard isBare || size.map({ ($0[0] as Int64) <= wholeBytesMax }) ?? false else { return isBare }
    try checkPages(database, "PRAGMA \(isBare ? "integrity" : "quick")_check(1)")
    guard try hash(database, layouts) == header.stateHash else {
      throw damage("its rows are not those that its header speaks of")
    }
    return isBare
  }

  /// Returns whether it has its tables alone, without what `TableLayout.indexing` makes.
  @discardableResult
  static func checkTables(_ database: Database, _ layouts: [TableLayout]) throws -> Bool {
    let found = try schema(of: database)
    if found == (try expected(layouts, isBare: false)) { return false }
    if found == (try expected(layouts, isBare: true)) { return true }
    throw damage("its tables are not those of this version")
  }

  static func checkPages(
    _ database: Database, _ check: String = "PRAGMA quick_check(1)"
  ) throws {
    guard try database.texts(check, []) == ["ok"] else { throw damage("its pages are damaged") }
  }

  /// The state hash of all rows.
  static func hash(_ database: Database, _ layouts: [TableLayout]) throws -> UInt64 {
    var hash: UInt64 = 0
    for layout in layouts {
      let rows = try Row.fetchCursor(database, sql: layout.everything)
      while let row = try rows.next() { hash &+= layout.hash(Array(row.databaseValues)) }
    }
    return hash
  }

  private static func damage(_ what: String) -> DatabaseError {
    DatabaseError(resultCode: .SQLITE_CORRUPT, message: what)
  }

  private static func schema(of database: Database) throws -> [String] {
    try database.texts("SELECT name || ':' || coalesce(sql, '') FROM sqlite_master ORDER BY 1", [])
  }

  /// By what makes their tables, for each projection is opened many times, with the same ones.
  private static let schemas = NIOLockedValueBox<[[String]: [String]]>([:])

  /// What a new file has.
  private static func expected(_ layouts: [TableLayout], isBare: Bool) throws -> [String] {
    let creations = layouts.flatMap { isBare ? [$0.creation] : [$0.creation] + $0.indexing }
    return try schemas.withLockedValue { schemas in
      if let known = schemas[creations] { return known }
      let fresh = try DatabaseQueue().inDatabase { database in
        try ProjectionHeader.createTables(in: database)
        for creation in creations { try database.execute(sql: creation) }
        return try schema(of: database)
      }
      schemas[creations] = fresh
      return fresh
    }
  }
}
