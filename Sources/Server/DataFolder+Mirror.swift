package import DaybookModel
import Files
import Glibc

extension DataFolder {
  private var mirrorPath: String { "\(path)/mirror" }

  private func pausePath(_ topic: String) -> String { "\(mirrorPath)/\(topic).paused" }

  /// Whether nothing is to be mirrored into a topic now, whoever mirrors.
  package func isMirrorPaused(_ topic: String) -> Bool { access(pausePath(topic), F_OK) == 0 }

  /// Outlives whoever mirrors. Returns whether that changed anything. Throws `permission_denied`,
  /// `storage_full`.
  package func pauseMirror(_ topic: String, _ isPaused: Bool) throws(DaybookError) -> Bool {
    guard isMirrorPaused(topic) != isPaused else { return false }
    let files = PosixFileSystem()
    do throws(FileError) {
      guard isPaused else {
        try files.remove(pausePath(topic))
        return true
      }
      if access(mirrorPath, F_OK) != 0 { try files.makeFolder(mirrorPath) }
      try files.makeDurably("\(topic).paused", in: mirrorPath, bytes: [], mode: 0o600)
      return true
    } catch {
      throw error.asDaybookError
    }
  }
}
