package import DaybookModel
package import Logging
package import Ports

/// The projections of a data folder as the CLI sees them. Blocking.
package struct ProjectionCatalog: Sendable {
  let folder: ProjectionFolder
  let log: any SearchableLog
  let logger: Logger

  /// `folder` is `<data>/projections`.
  package init(folder: String, log: any SearchableLog, logger: Logger) {
    self.folder = ProjectionFolder(folder)
    self.log = log
    self.logger = logger
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
