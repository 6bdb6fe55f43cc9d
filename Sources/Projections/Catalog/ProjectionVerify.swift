package import DaybookModel
import GRDB
import Ports

/// What `verify` found.
package struct ProjectionVerdict: Sendable, Equatable {
  package let name: ProjectionName
  package let path: String
  /// What the file says of itself; nil where it says nothing.
  package let status: ProjectionStatus?
  /// Of the rows as they are in the file, 16 hex digits; nil where they can't be read.
  package let recomputedHash: String?
  /// Events in the log that it has not folded yet, which is no fault.
  package let behind: UInt64
  /// One line for each thing that is wrong; none if all is well.
  package let faults: [String]

  package var isOK: Bool { faults.isEmpty }
}

extension ProjectionCatalog {
  /// Looks at every page and recomputes state hashes from all rows, and changes nothing: what is
  /// damaged stays so. `isServed` says that a server has the files, and may be writing: what is
  /// compared is of one commit. Throws what says nothing about a file, such as `overloaded`.
  package func verify(
    _ name: ProjectionName? = nil, isServed: Bool = true
  ) throws(DaybookError) -> [ProjectionVerdict] {
    var verdicts: [ProjectionVerdict] = []
    for name in name.map({ [$0] }) ?? ProjectionName.allCases {
      verdicts.append(try verdict(name, isServed: isServed))
    }
    return verdicts
  }

  private func verdict(
    _ name: ProjectionName, isServed: Bool
  ) throws(DaybookError) -> ProjectionVerdict {
    let path = folder.path(name)
    guard SQLiteAddress.isFile(path) else {
      let isThere = FileIdentity(path) != nil
      return damaged(name, isThere ? "it is no file" : "it is not there")
    }
    do throws(DaybookError) {
      let reader = try ProjectionReader(name, folder: folder, isServed: isServed)
      return try reader.read { try verdict(name, in: $0) }
    } catch {
      guard SQLiteFault.isOfTheFile(error) || !FileIdentity.isUsable(path) else { throw error }
      return damaged(name, SQLiteFault.reason(error))
    }
  }

  private func damaged(_ name: ProjectionName, _ why: String) -> ProjectionVerdict {
    ProjectionVerdict(
      name: name, path: folder.path(name), status: nil, recomputedHash: nil, behind: 0,
      faults: [why])
  }

  private func verdict(
    _ name: ProjectionName, in database: Database
  ) throws -> ProjectionVerdict {
    let stored = try StoredHeader.read(from: database)
    var faults = faults(stored, name)
    var recomputed: UInt64?
    if stored.header.schemaVersion == name.schemaVersion {
      let layouts = name.makeProjector(log: log).tables.map(\.layout)
      do {
        try FileCheck.checkTables(database, layouts)
        try FileCheck.checkPages(database)
        let hash = try FileCheck.hash(database, layouts)
        recomputed = hash
        if hash != stored.header.stateHash {
          faults.append(
            "its rows have the state hash \(Hex.digits(hash)), not "
              + Hex.digits(stored.header.stateHash))
        }
      } catch  where SQLiteFault.isOfTheFile(error) {
        faults.append(SQLiteFault.reason(error))
      }
    } else {
      faults.append(
        "its tables are of version \(stored.header.schemaVersion), not \(name.schemaVersion)")
    }
    return ProjectionVerdict(
      name: name, path: folder.path(name), status: ProjectionStatus(name, stored.header),
      recomputedHash: recomputed.map(Hex.digits), behind: behind(stored.header), faults: faults)
  }

  private func behind(_ header: ProjectionHeader) -> UInt64 {
    guard header.checkpoints.count == log.partitionCount else { return 0 }
    return header.checkpoints.enumerated().reduce(0) { sum, next in
      sum + log.lag(of: PartitionID(next.offset), at: next.element)
    }
  }

  private func faults(_ stored: StoredHeader, _ name: ProjectionName) -> [String] {
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
    return faults
  }
}
