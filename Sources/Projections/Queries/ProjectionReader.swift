import DaybookModel
import Foundation
import GRDB

/// A projection's file, read only: another process may be writing it. Blocking.
final class ProjectionReader: Sendable {
  let path: String
  private let queue: DatabaseQueue

  /// Throws `projection_behind` where the file has not been made yet.
  init(_ name: ProjectionName, folder: ProjectionFolder) throws(DaybookError) {
    let path = folder.path(name)
    self.path = path
    guard FileManager.default.fileExists(atPath: path) else {
      throw DaybookError(
        .projectionBehind,
        "\(path) has not been built: start the server, or run `daybook projection rebuild`")
    }
    queue = try SQLiteFault.mapped(path) {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      return try DatabaseQueue(path: path, configuration: configuration)
    }
  }

  /// Everything that `body` reads is of one commit.
  func read<T>(_ body: (Database) throws -> T) throws(DaybookError) -> T {
    try SQLiteFault.mapped(path) { try queue.read(body) }
  }

  func header() throws(DaybookError) -> ProjectionHeader {
    try read { try StoredHeader.read(from: $0).header }
  }
}
