import GRDB

/// Questions that are asked over and over: SQLite parses each once for a connection.
extension Database {
  func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [Row] {
    try Row.fetchAll(try cachedStatement(sql: sql), arguments: arguments)
  }

  func firstRow(_ sql: String, _ arguments: StatementArguments = []) throws -> Row? {
    try Row.fetchOne(try cachedStatement(sql: sql), arguments: arguments)
  }

  func texts(_ sql: String, _ arguments: StatementArguments) throws -> [String] {
    try String.fetchAll(try cachedStatement(sql: sql), arguments: arguments)
  }
}
