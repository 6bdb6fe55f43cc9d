import Ports

/// Which projector makes which projection.
extension ProjectionName {
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
