import GRDB

/// A row of a read model. Its columns are its logical content: what is stored, and what the
/// state hash is made of. Anything else that a row holds in memory can be lost at any time.
protocol ProjectedRow {
  static var layout: TableLayout { get }
  /// From what `write` gave.
  init(columns: [DatabaseValue])
  /// Keys first, in the layout's order.
  func write(to columns: inout ColumnWriter)
}
