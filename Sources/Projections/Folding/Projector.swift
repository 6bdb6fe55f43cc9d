import DaybookModel

/// Folds events into rows: a deterministic function of the log. Rows must depend on one stream
/// alone, whose events arrive in order, so that it doesn't matter how partitions interleave.
protocol Projector: AnyObject {
  var tables: [any ProjectionTable] { get }
  func fold(_ batch: DecodedBatch) throws(DaybookError)
}
