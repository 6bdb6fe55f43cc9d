import Foundation
import GRDB
import GRDBSQLite

/// A statement that SQLite keeps parsed, bound and run without anything in between: where many rows
/// are written, GRDB's lists of arguments cost more than what SQLite does.
///
/// For use while its database is accessed, and no longer. Parameters count from 1, columns from 0.
struct PreparedSQL {
  private let statement: SQLiteStatement
  private let connection: SQLiteConnection?

  /// Parsed once for a connection, however often it is asked for.
  init(_ sql: String, in database: Database) throws {
    statement = try database.cachedStatement(sql: sql).sqliteStatement
    connection = database.sqliteConnection
  }

  func bind(_ number: UInt64, at parameter: Int32) {
    let code = sqlite3_bind_int64(statement, parameter, Int64(bitPattern: number))
    assert(code == SQLITE_OK, "the statement has this parameter, and is not running")
  }

  /// UTF-8 without a NUL.
  func bind(_ text: UnsafeRawBufferPointer, at parameter: Int32) {
    guard let first = text.baseAddress, !text.isEmpty else { return bindEmpty(at: parameter) }
    let code = sqlite3_bind_text(
      statement, parameter, first.assumingMemoryBound(to: CChar.self), Int32(text.count),
      PreparedSQL.copied)
    assert(code == SQLITE_OK, "the statement has this parameter, and is not running")
  }

  func bind(_ text: String, at parameter: Int32) {
    var text = text
    text.withUTF8 { bind(UnsafeRawBufferPointer($0), at: parameter) }
  }

  /// A null pointer would be NULL.
  private func bindEmpty(at parameter: Int32) {
    let code = sqlite3_bind_text(statement, parameter, "", 0, PreparedSQL.copied)
    assert(code == SQLITE_OK, "the statement has this parameter, and is not running")
  }

  /// SQLite copies what is bound so (`SQLITE_TRANSIENT`).
  private static var copied: sqlite3_destructor_type {
    unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  }

  /// Of a statement that gives no rows.
  func run() throws {
    let code = sqlite3_step(statement)
    let error = code == SQLITE_DONE ? nil : fault
    sqlite3_reset(statement)
    if let error { throw error }
  }

  /// The columns of the first row; nil if there is none.
  func firstRow() throws -> [DatabaseValue]? {
    defer { sqlite3_reset(statement) }
    switch sqlite3_step(statement) {
    case SQLITE_DONE: return nil
    case SQLITE_ROW: return (0..<sqlite3_column_count(statement)).map(column)
    default: throw fault
    }
  }

  private func column(_ index: Int32) -> DatabaseValue {
    switch sqlite3_column_type(statement, index) {
    case SQLITE_INTEGER: sqlite3_column_int64(statement, index).databaseValue
    case SQLITE_FLOAT: sqlite3_column_double(statement, index).databaseValue
    case SQLITE_TEXT:
      sqlite3_column_text(statement, index).map { String(cString: $0).databaseValue } ?? .null
    case SQLITE_BLOB:
      sqlite3_column_blob(statement, index).map {
        Data(bytes: $0, count: Int(sqlite3_column_bytes(statement, index))).databaseValue
      } ?? .null
    default: .null
    }
  }

  private var fault: DatabaseError {
    DatabaseError(
      resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
      message: String(cString: sqlite3_errmsg(connection)))
  }
}
