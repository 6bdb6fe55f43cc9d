import DaybookModel
import GRDB

/// Rows that are only ever added: written with the next commit, and then forgotten.
final class RowLog<Row: ProjectedRow>: ProjectionTable {
  let layout = Row.layout
  private let insertion = Row.layout.insertion
  private var added: [Row] = []

  var dirtyCount: Int { added.count }
  var isFull: Bool { added.count >= Limits.projectedRowsMax }

  func attach(to file: ProjectionFile) {}

  func enter(_ partition: PartitionID) {}

  func append(_ row: Row) { added.append(row) }

  func write(to database: Database) throws -> UInt64 {
    guard !added.isEmpty else { return 0 }
    // Its first parameter is never bound: NULL as an id is the next one.
    let statement = try PreparedSQL(insertion, in: database)
    var difference: UInt64 = 0
    for row in added {
      var columns = ColumnWriter(layout, to: statement)
      row.write(to: &columns)
      try statement.run()
      difference &+= columns.finish(layout)
    }
    return difference
  }

  func committed() { added.removeAll(keepingCapacity: true) }
}
