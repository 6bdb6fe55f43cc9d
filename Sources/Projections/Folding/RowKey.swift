import DaybookModel
import GRDB

/// What names a row: a stream, a number within it where the layout has one, and up to two texts.
/// Compared by bytes, as ids are, and hashed by what the stream's key already carries.
struct RowKey: Hashable {
  let hash: UInt64
  let stream: String
  let number: UInt64
  let first: String
  let second: String

  init(
    _ stream: StreamKey, number: UInt64 = 0, _ first: String = "", _ second: String = ""
  ) {
    var hash = StableHash(seed: stream.fingerprint)
    if number != 0 { hash.combine(number) }
    if !first.isEmpty { hash.combine(first) }
    if !second.isEmpty { hash.combine(second) }
    self.hash = hash.finish()
    self.stream = stream.text
    self.number = number
    self.first = first
    self.second = second
  }

  static func == (a: RowKey, b: RowKey) -> Bool {
    a.hash == b.hash && a.number == b.number && sameBytes(a.stream, b.stream)
      && sameBytes(a.first, b.first)
      && sameBytes(a.second, b.second)
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }

  /// In the order of the layout's keys.
  func columns(of layout: TableLayout) -> [DatabaseValue] {
    var columns = [stream.databaseValue]
    if layout.hasNumberKey { columns.append(number.column) }
    columns += [first.databaseValue, second.databaseValue]
    assert(columns.count >= layout.keys.count, "a table has no more keys than can be told")
    return Array(columns.prefix(layout.keys.count))
  }

  /// Swift's `==` would call composed and decomposed letters equal.
  static func sameBytes(_ a: String, _ b: String) -> Bool {
    var a = a
    var b = b
    return a.withUTF8 { a in
      b.withUTF8 { b in
        guard a.count == b.count else { return false }
        for at in 0..<a.count where a[at] != b[at] { return false }
        return true
      }
    }
  }
}
