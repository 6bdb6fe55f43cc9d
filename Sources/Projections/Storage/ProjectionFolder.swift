import DaybookModel
import Foundation

/// Where the projections' files are: `<data>/projections/<name>.sqlite`.
struct ProjectionFolder: Sendable {
  let path: String

  init(_ path: String) { self.path = path }

  func path(_ name: ProjectionName) -> String { "\(path)/\(name.rawValue).sqlite" }

  /// The file that a rebuild fills before it takes the place of the other.
  func rebuildPath(_ name: ProjectionName) -> String { "\(path)/\(name.rawValue).rebuild.sqlite" }

  /// Makes it where it is missing. Throws `storage_failed`, `storage_full`, `permission_denied`.
  static func make(_ path: String) throws(DaybookError) {
    if mkdir(path, 0o700) == 0 { return }
    let number = errno
    var facts = stat()
    if stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR { return }
    throw SystemFault.error("make the folder", path, number)
  }
}
