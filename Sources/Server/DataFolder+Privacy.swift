package import DaybookModel
import Foundation
package import Logging

extension DataFolder {
  /// Takes from others on this machine what they could see of the folder: who talks with whom stands in
  /// every file. A copy that was made with `cp` has the modes of whoever made it. The secret is left
  /// as it is, for what others may have read is no secret any more: loading it says so. For who holds
  /// the lock. Throws `permission_denied` where that is not to be put right here.
  package func keepFromOthers(_ logger: Logger) throws(DaybookError) {
    var open: [String] = []
    var names = [""]
    if let below = FileManager.default.enumerator(atPath: path) {
      for case let name as String in below { names.append(name) }
    }
    for name in names where name != "secret" {
      let file = name.isEmpty ? path : "\(path)/\(name)"
      if try DataFolder.close(file) { open.append(name.isEmpty ? path : name) }
    }
    guard let first = open.first else { return }
    logger.warning(
      """
      others on this machine could see \(open.count == 1 ? first : "\(first) and \(open.count - 1) more") \
      of the data folder: now only their owner can
      """, metadata: ["path": "\(path)", "files": "\(open.count)"])
  }

  /// Whether others could use it until now.
  private static func close(_ file: String) throws(DaybookError) -> Bool {
    var facts = stat()
    // Files come and go; a link has no mode of its own.
    guard lstat(file, &facts) == 0, facts.st_mode & S_IFMT != S_IFLNK else { return false }
    guard facts.st_mode & 0o077 != 0 else { return false }
    guard chmod(file, facts.st_mode & 0o700) == 0 else {
      if errno == ENOENT { return false }
      throw DaybookError(
        .permissionDenied,
        "others on this machine can see \(file): as its owner, take that from them (chmod -R go= on the data folder)"
      )
    }
    return true
  }
}
