import DaybookModel
import Foundation

/// Where the projections' files are: `<data>/projections/<name>.sqlite`.
struct ProjectionFolder: Sendable {
  let path: String

  init(_ path: String) { self.path = path }

  func path(_ name: ProjectionName) -> String { "\(path)/\(name.rawValue).sqlite" }

  /// The file that a rebuild fills before it takes the place of the other.
  func rebuildPath(_ name: ProjectionName) -> String { "\(path)/\(name.rawValue).rebuild.sqlite" }

  static func make(_ path: String) throws(DaybookError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw DaybookError(
        .storageFailed, "can't make the folder \(path): check its permissions", cause: error)
    }
  }
}
