import DaybookModel
import GRDB

/// A projection's file, read only: another process may be writing it. Blocking.
final class ProjectionReader: Sendable {
  let path: String
  private let identity: FileIdentity?
  private let whenDamaged: (@Sendable (FileIdentity, DaybookError) -> Void)?
  private let queue: DatabaseQueue
  private let watch = CutFiles.Watch()

  /// Throws `projection_behind` where the file has not been made yet.
  /// `isServed` says that a server has the file; without one nothing beside it is made.
  /// `whenDamaged` is somebody who makes the file anew: asked again, it will answer.
  init(
    _ name: ProjectionName, folder: ProjectionFolder, isServed: Bool = true,
    whenDamaged: (@Sendable (FileIdentity, DaybookError) -> Void)? = nil
  ) throws(DaybookError) {
    let path = folder.path(name)
    self.path = path
    self.whenDamaged = whenDamaged
    identity = FileIdentity(path)
    do throws(DaybookError) {
      queue = try SQLiteFault.mapped(path) {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(
          path: isServed ? path : SQLiteAddress.ofNobody(path), configuration: configuration)
      }
    } catch {
      // Looked at afterwards: it may have come or gone just now.
      guard identity == nil || FileIdentity(path) != identity else { throw error }
      throw DaybookError(
        .projectionBehind,
        "\(path) has not been built: start the server, or run `daybook projection rebuild`")
    }
  }

  /// Everything that `body` reads is of one commit.
  func read<T>(_ body: (Database) throws -> T) throws(DaybookError) -> T {
    do throws(DaybookError) {
      return try SQLiteFault.mapped(path) { try watch.over { try queue.read(body) } }
    } catch {
      // One that is no longer in its place says nothing of the one that is made anew.
      guard SQLiteFault.isOfTheFile(error), whenDamaged != nil || FileIdentity(path) != identity
      else { throw error }
      if let identity { whenDamaged?(identity, error) }
      throw DaybookError(
        .projectionBehind, "\(path) is damaged, and is made anew: try again", cause: error)
    }
  }

  /// The path still leads to the file that is open, and nothing of it was cut off.
  var isInPlace: Bool {
    watch.isIntact && identity != nil && FileIdentity(path) == identity
  }

  func header() throws(DaybookError) -> ProjectionHeader {
    try read { try StoredHeader.read(from: $0).header }
  }
}
