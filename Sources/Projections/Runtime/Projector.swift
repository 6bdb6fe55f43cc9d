import DaybookModel
import Ports

/// The projections there are. `daybook projection` takes these names.
package enum ProjectionName: String, Sendable, CaseIterable {
  case history
  case unread
  case offline
  case receipts
  case directory

  /// Raised when rows or their meaning change: files of another version are made anew.
  var schemaVersion: Int {
    switch self {
    case .history, .receipts: 3
    case .unread, .offline, .directory: 2
    }
  }

  func makeProjector(log: any LogReader) -> any Projector {
    switch self {
    case .history: HistoryProjector()
    case .unread: UnreadProjector(log: log)
    case .offline: OfflineProjector()
    case .receipts: ReceiptsProjector()
    case .directory: DirectoryProjector()
    }
  }
}

/// Folds events into rows: a deterministic function of the log. Rows must depend on one stream
/// alone, whose events arrive in order, so that it doesn't matter how partitions interleave.
protocol Projector: AnyObject {
  var tables: [any ProjectionTable] { get }
  func fold(_ batch: DecodedBatch) throws(DaybookError)
}

/// Events of one batch, message contents left out.
struct DecodedBatch {
  let partition: PartitionID
  let baseOffset: Offset
  var events: ContiguousArray<Event>
  /// The first event that the projector has not folded before.
  var first = 0

  func offset(of index: Int) -> Offset { baseOffset.advanced(by: index) }
}
