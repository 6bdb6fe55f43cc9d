package import DaybookModel
package import Ports

/// Where a projection stands, as its file says.
package struct ProjectionStatus: Sendable, Equatable {
  package let name: ProjectionName
  /// For each partition the first offset that is not folded yet, and their sum.
  package let checkpoints: [Offset]
  /// Events folded since the file was made.
  package let events: UInt64
  /// 16 hex digits.
  package let stateHash: String

  package var checkpoint: Int64 { checkpoints.reduce(0) { $0 + $1.rawValue } }

  init(_ name: ProjectionName, _ header: ProjectionHeader) {
    self.name = name
    checkpoints = header.checkpoints
    events = header.events
    stateHash = Hex.digits(header.stateHash)
  }
}

/// The projections of a data folder as the CLI sees them. Blocking.
package struct ProjectionCatalog: Sendable {
  let folder: ProjectionFolder
  let log: any SearchableLog

  /// `folder` is `<data>/projections`.
  package init(folder: String, log: any SearchableLog) {
    self.folder = ProjectionFolder(folder)
    self.log = log
  }

  /// Of each file as it is; a server may be writing it. Throws `projection_behind` for one that
  /// has not been made yet, `storage_failed`.
  package func list(_ name: ProjectionName? = nil) throws(DaybookError) -> [ProjectionStatus] {
    var statuses: [ProjectionStatus] = []
    for name in name.map({ [$0] }) ?? ProjectionName.allCases {
      let reader = try ProjectionReader(name, folder: folder)
      statuses.append(ProjectionStatus(name, try reader.header()))
    }
    return statuses
  }
}
