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
    return "CREATE TABLE \(name)(\(columns))"
  }

  /// By what queries look rows up. Where much is folded at once, it is made once that is done: rows that
  /// come in the log's order lie anywhere in an index.
  var indexing: [String] {
    indexed.map { columns in
      let (by, list) = (columns.joined(separator: "_"), columns.joined(separator: ", "))
      return "CREATE INDEX \(name)_by_\(by) ON \(name)(\(list))"
    }
  }

  /// Takes the id, then the columns.
  var insertion: String {
    assert(textValues.isSubset(of: values), "what is text is a column")
    let marks = (0...columnCount).map { "?\($0 + 1)" }.joined(separator: ", ")
    return "INSERT INTO \(name)(id, \(columnList)) VALUES (\(marks))"
  }

  /// The same parameters, of which it leaves out the keys.
  var update: String {
    let set = values.enumerated().map { "\($1) = ?\($0 + 2 + keys.count)" }
    return "UPDATE \(name) SET \(set.joined(separator: ", ")) WHERE id = ?1"
  }

  /// Gives id and columns; takes the keys.
  var lookup: String {
    let condition = keys.map { "\($0) = ?" }.joined(separator: " AND ")
    return "SELECT id, \(columnList) FROM \(name) WHERE \(condition)"
  }

  var everything: String { "SELECT \(columnList) FROM \(name)" }

  /// Before a number's and a text's bytes in the state hash.
  static let numberMark: UInt64 = 1
  static let textMark: UInt64 = 2

  /// A row's share of the state hash: of the table's name and the row's logical content.
  func hash(_ columns: [DatabaseValue]) -> UInt64 {
    assert(columns.count == columnCount, "all of a row is hashed, and nothing besides")
    var hash = StableHash()
    hash.combine(name)
    for column in columns {
      switch column.storage {
      case .int64(let value):
        hash.combine(TableLayout.numberMark)
        hash.combine(UInt64(bitPattern: value))
      case .string(let text):
        hash.combine(TableLayout.textMark)
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
