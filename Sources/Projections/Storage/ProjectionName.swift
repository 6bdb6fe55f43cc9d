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
    case .receipts, .unread, .directory: 4
    case .history, .offline: 3
    }
  }
}
