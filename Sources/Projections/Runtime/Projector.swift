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

  func makeProjector(log: any SearchableLog) -> any Projector {
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
  private let baseOffset: Offset
  /// Of each event; nil where they follow each other from `baseOffset` on.
  private let offsets: [Offset]?
  var events: ContiguousArray<Event>
  /// The first event that the projector has not folded before.
  var first = 0

  init(of batch: CommittedBatch, events: ContiguousArray<Event>) {
    partition = batch.partition
    baseOffset = batch.baseOffset
    offsets = batch.offsets
    self.events = events
  }

  func offset(of index: Int) -> Offset {
    offsets.map { $0[index] } ?? baseOffset.advanced(by: index)
  }
}
