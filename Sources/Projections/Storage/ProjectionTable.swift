import DaybookModel
import GRDB

/// The part of a table that a commit needs, whatever its rows are.
protocol ProjectionTable: AnyObject {
  var layout: TableLayout { get }
  /// Rows that the next commit writes.
  var dirtyCount: Int { get }
  /// It holds as many rows as it may: a commit is due.
  var isFull: Bool { get }
  /// Called once, before anything else.
  func attach(to file: ProjectionFile) throws(DaybookError)
  /// Rows that are asked for from now on are of this partition's streams.
  func enter(_ partition: PartitionID)
  /// Writes each dirty row once, and returns by how much the state hash changes.
  func write(to database: Database) throws -> UInt64
  /// What `write` wrote is committed.
  func committed()
}
