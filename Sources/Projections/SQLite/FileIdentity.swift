import Foundation

/// Which file a path leads to: another one that was put there, or none, is told from it.
struct FileIdentity: Equatable, Sendable {
  private let device: UInt64
  private let inode: UInt64

  /// Nil if there is nothing.
  init?(_ path: String) {
    var facts = stat()
    guard stat(path, &facts) == 0 else { return nil }
    device = UInt64(facts.st_dev)
    inode = UInt64(facts.st_ino)
  }

  /// This process may read and write what is there.
  static func isUsable(_ path: String) -> Bool { access(path, R_OK | W_OK) == 0 }
}
