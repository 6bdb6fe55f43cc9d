import DaybookModel
import GRDB

/// The part of a table that a commit needs, whatever its rows are.
protocol ProjectionTable: AnyObject {
  var layout: TableLayout { get }
  /// Rows that the next commit writes.
  var dirtyCount: Int { get }
  /// Called once, before anything else.
  func attach(to file: ProjectionFile) throws(DaybookError)
  /// Writes each dirty row once, and returns by how much the state hash changes.
  func write(to database: Database) throws -> UInt64
  /// What `write` wrote is committed.
  func committed()
}
