import DaybookModel
import Foundation
import GRDB

/// A table's name and columns. Besides these it has `id`, which only says where a row lies.
struct TableLayout: Sendable {
  let name: String
  let keys: [String]
  let values: [String]
  /// The second key is an integer; all others are text.
  var hasNumberKey = false
  /// By what queries look rows up, besides the keys: a list of columns for each index.
  var indexed: [[String]] = []
  /// Values that are text; all others are integers.
  var textValues: Set<String> = []

  var columnCount: Int { keys.count + values.count }
  private var columnList: String { (keys + values).joined(separator: ", ") }

  var creation: String {
    let named = keys.enumerated().map { at, key in
      "\(key) \(hasNumberKey && at == 1 ? "INTEGER" : "TEXT") NOT NULL"
    }
    let integers = values.map { "\($0) \(textValues.contains($0) ? "TEXT" : "INTEGER") NOT NULL" }
    let unique = keys.isEmpty ? [] : ["UNIQUE (\(keys.joined(separator: ", ")))"]
    let columns = (["id INTEGER PRIMARY KEY"] + named + integers + unique).joined(separator: ", ")
    let indexes = indexed.map { columns in
      let (by, list) = (columns.joined(separator: "_"), columns.joined(separator: ", "))
      return "CREATE INDEX \(name)_by_\(by) ON \(name)(\(list));"
    }
    return "CREATE TABLE \(name)(\(columns)); " + indexes.joined(separator: " ")
  }

  var insertion: String {
    assert(textValues.isSubset(of: values), "what is text is a column")
    let marks = String(repeating: ", ?", count: columnCount)
    return "INSERT INTO \(name)(id, \(columnList)) VALUES (?\(marks))"
  }

  /// Takes the values, then the id.
  var update: String {
    "UPDATE \(name) SET \(values.map { "\($0) = ?" }.joined(separator: ", ")) WHERE id = ?"
  }

  /// Gives id and columns; takes the keys.
  var lookup: String {
    let condition = keys.map { "\($0) = ?" }.joined(separator: " AND ")
    return "SELECT id, \(columnList) FROM \(name) WHERE \(condition)"
  }

  var everything: String { "SELECT \(columnList) FROM \(name)" }

  /// A row's columns as SQLite keeps and gives them back: its texts end at a NUL.
  func storable(_ columns: [DatabaseValue]) -> [DatabaseValue] {
    assert(columns.count == columnCount, "a row has the columns of its table")
    guard !textValues.isEmpty else { return columns }
    var columns = columns
    for at in keys.count..<columns.count {
      guard case .string(let text) = columns[at].storage, text.utf8.contains(0) else { continue }
      columns[at] = text.replacing("\0", with: "\u{FFFD}").databaseValue
    }
    return columns
  }

  /// A row's share of the state hash: of the table's name and the row's logical content.
  func hash(_ columns: [DatabaseValue]) -> UInt64 {
    assert(columns.count == columnCount, "all of a row is hashed, and nothing besides")
    var hash = StableHash()
    hash.combine(name)
    for column in columns {
      switch column.storage {
      case .int64(let value):
        hash.combine(1)
        hash.combine(UInt64(bitPattern: value))
      case .string(let text):
        hash.combine(2)
        hash.combine(text)
      case .null: hash.combine(3)
      case .double(let value):
        hash.combine(4)
        hash.combine(value.bitPattern)
      case .blob(let bytes):
        hash.combine(5)
        bytes.withUnsafeBytes { hash.combine($0) }
      }
    }
    return hash.finish()
  }
}
