import GRDB

/// Questions that are asked over and over: SQLite parses each once for a connection.
extension Database {
  func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [StoredRow] {
    try Row.fetchAll(try cachedStatement(sql: sql), arguments: arguments).map(StoredRow.init)
  }

  func firstRow(_ sql: String, _ arguments: StatementArguments = []) throws -> StoredRow? {
    try Row.fetchOne(try cachedStatement(sql: sql), arguments: arguments).map(StoredRow.init)
  }

  func texts(_ sql: String, _ arguments: StatementArguments) throws -> [String] {
    try rows(sql, arguments).map { $0[0] }
  }
}

/// Columns as they came. GRDB's own rows end the process where a column holds something else than
/// it should, and a bit of a file is enough for that. No number here is below zero.
struct StoredRow {
  let databaseValues: [DatabaseValue]

  init(_ row: Row) { databaseValues = Array(row.databaseValues) }

  subscript(column: Int) -> DatabaseValue { databaseValues[column] }
  subscript(column: Int) -> String { databaseValues[column].text }
  subscript(column: Int) -> Int64 { max(0, Int64(bitPattern: databaseValues[column].number)) }
  subscript(column: Int) -> Int64? { databaseValues[column].isNull ? nil : self[column] as Int64 }
  subscript(column: Int) -> Bool { databaseValues[column].isSet }
}
