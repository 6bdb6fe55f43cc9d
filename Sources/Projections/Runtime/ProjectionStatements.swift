import DaybookModel
import Foundation
import GRDB
import Ports

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
    guard isFile(path) else { return nil }
    var configuration = Configuration()
    configuration.readonly = true
    do {
      let queue = try DatabaseQueue(path: address(of: path), configuration: configuration)
      defer { try? queue.close() }
      return try queue.inDatabase { try StoredHeader.read(from: $0) }
    } catch {
      return nil
    }
  }

  /// A URI (https://sqlite.org/uri.html), for opening read-only alone makes `-shm` and `-wal` of a
  /// database in WAL mode where they are missing, and rewrites `-shm` where nobody has it open:
  /// without a WAL the file is all there is and is read as immutable, and beside a WAL SQLite keeps
  /// its index in memory if it may not write `-shm`. Only a WAL whose `-shm` was taken away can't
  /// be read without making that again, which holds nothing of its own.
  private static func address(of path: String) -> String {
    let parameters =
      if !isFile(path + "-wal") {
        "immutable=1"
      } else if isFile(path + "-shm") {
        "mode=ro&readonly_shm=1"
      } else {
        "mode=ro"
      }
    let escaped = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
    return "file:\(escaped)?\(parameters)"
  }

  /// A pipe in its place would be waited for.
  private static func isFile(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.type] as? FileAttributeType == .typeRegular
  }
}
