import DaybookModel
import GRDB
import Ports

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

/// What `verify` found.
package struct ProjectionVerdict: Sendable, Equatable {
  package let status: ProjectionStatus
  /// Of the rows as they are in the file, 16 hex digits.
  package let recomputedHash: String
  /// One line for each thing that is wrong; none if all is well.
  package let faults: [String]

  package var isOK: Bool { faults.isEmpty }
}

/// The projections of a data folder as the CLI sees them. Blocking.
package struct Projections: Sendable {
  let folder: ProjectionFolder
  let log: any LogReader

  /// `folder` is `<data>/projections`.
  package init(folder: String, log: any LogReader) {
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

  /// Recomputes state hashes from all rows. A server may be writing: what is compared is of one
  /// commit. Throws as `list` does.
  package func verify(_ name: ProjectionName? = nil) throws(DaybookError) -> [ProjectionVerdict] {
    var verdicts: [ProjectionVerdict] = []
    for name in name.map({ [$0] }) ?? ProjectionName.allCases { verdicts.append(try verdict(name)) }
    return verdicts
  }

  private func verdict(_ name: ProjectionName) throws(DaybookError) -> ProjectionVerdict {
    let reader = try ProjectionReader(name, folder: folder)
    let layouts = name.makeProjector(log: log).tables.map(\.layout)
    let (stored, hash) = try reader.read { database in
      let stored = try StoredHeader.read(from: database)
      return (stored, try FileCheck.hash(database, layouts))
    }
    return ProjectionVerdict(
      status: ProjectionStatus(name, stored.header), recomputedHash: Hex.digits(hash),
      faults: faults(stored, name, hash))
  }

  private func faults(
    _ stored: StoredHeader, _ name: ProjectionName, _ hash: UInt64
  ) -> [String] {
    let header = stored.header
    var faults: [String] = []
    if header.logID != log.logID {
      faults.append("it was built from another log")
    } else if !stored.isSealed(by: log.seal) {
      faults.append("what it says of itself was changed: its seal is wrong")
    }
    if header.name != name.rawValue { faults.append("it is the projection \(header.name)") }
    if header.checkpoints.count != log.partitionCount {
      faults.append(
        "it has \(header.checkpoints.count) partitions, the log has \(log.partitionCount)")
      return faults
    }
    for (index, checkpoint) in header.checkpoints.enumerated() {
      let head = log.highWatermark(of: PartitionID(index))
      if checkpoint > head {
        faults.append(
          "its checkpoint \(checkpoint) in partition \(index) is past the log's head \(head)")
      }
    }
    if hash != header.stateHash {
      faults.append(
        "its rows have the state hash \(Hex.digits(hash)), not \(Hex.digits(header.stateHash))")
    }
    return faults
  }
}
