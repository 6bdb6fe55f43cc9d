import DaybookModel
import GRDB
package import Ports

/// What projections' files say of the log: a checkpoint is only ever of what was durable. Read
/// before the log is opened, and without changing anything, so that opening can refuse.
package enum ProjectionStatements {
  /// The checkpoints of all projections in `folder`, which is `<data>/projections`, but for those
  /// at zero. A file that can't be read, is of another log or whose seal is wrong states nothing.
  package static func durable(
    in folder: String, logID: String, partitionCount: Int, seal: LogSeal
  ) -> [DurableStatement] {
    ProjectionName.allCases.flatMap { name -> [DurableStatement] in
      let path = ProjectionFolder(folder).path(name)
      guard let stored = header(at: path), stored.isSealed(by: seal),
        stored.header.logID == logID, stored.header.checkpoints.count == partitionCount
      else { return [] }
      return stored.header.checkpoints.enumerated().compactMap { index, durable in
        guard durable > .zero else { return nil }
        return DurableStatement(partition: PartitionID(index), durable: durable, by: path)
      }
    }
  }

  private static func header(at path: String) -> StoredHeader? {
    guard SQLiteAddress.isFile(path) else { return nil }
    var configuration = Configuration()
    configuration.readonly = true
    do {
      let queue = try DatabaseQueue(
        path: SQLiteAddress.ofNobody(path), configuration: configuration)
      defer { try? queue.close() }
      return try queue.inDatabase { try StoredHeader.read(from: $0) }
    } catch {
      return nil
    }
  }
}
