import DaybookModel
import Foundation

/// Takes a row's columns one by one: hashes them, and binds them to the statement that writes the row.
/// Nothing is gathered in between.
struct ColumnWriter {
  private let statement: PreparedSQL
  /// Of the next column: behind the row's id, which is the first.
  private var parameter: Int32 = 2
  /// Columns before that are only hashed: an update leaves keys as they are.
  private let boundFrom: Int32
  private var hash: StableHash

  /// `keys` are those that the statement does not take.
  init(_ layout: TableLayout, to statement: PreparedSQL, without keys: Int = 0) {
    self.statement = statement
    boundFrom = 2 + Int32(keys)
    hash = StableHash()
    hash.combine(layout.name)
  }

  /// As SQLite gives it back: its texts end at a NUL.
  mutating func add(_ text: String) {
    var text = text
    let hasNUL = text.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      if let first = bytes.baseAddress, memchr(first, 0, bytes.count) != nil { return true }
      add(bytes)
      return false
    }
    if hasNUL { add(text.replacing("\0", with: "\u{FFFD}")) }
  }

  private mutating func add(_ utf8: UnsafeRawBufferPointer) {
    hash.combine(TableLayout.textMark)
    hash.combine(utf8)
    if parameter >= boundFrom { statement.bind(utf8, at: parameter) }
    parameter += 1
  }

  mutating func add(_ number: UInt64) {
    hash.combine(TableLayout.numberMark)
    hash.combine(number)
    if parameter >= boundFrom { statement.bind(number, at: parameter) }
    parameter += 1
  }

  mutating func add(_ flag: Bool) { add(UInt64(flag ? 1 : 0)) }

  /// The row's share of the state hash, once all of it is here: what `TableLayout.hash` says of it.
  func finish(_ layout: TableLayout) -> UInt64 {
    assert(Int(parameter) == 2 + layout.columnCount, "all of a row is written, and nothing besides")
    return hash.finish()
  }
}
