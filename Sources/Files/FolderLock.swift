package import DaybookModel
import Glibc

/// Says that one process owns a data folder: an flock(2) on a file in it, which ends with the
/// process whatever kills it. The file holds the owner's process id for people to read.
///
/// A lock file that looks stale gets removed by people, so that a folder which nobody removes is
/// locked beside it.
///
/// `@unchecked Sendable`: its descriptors change once, when whoever holds it gives it up.
package final class FolderLock: @unchecked Sendable {
  private var file: Int32
  private var guarded: Int32 = -1

  /// Takes the lock on the file at `path`, made if it is missing, and on a folder if it is there.
  /// Throws `data_folder_in_use`, `data_folder_missing`, `permission_denied`.
  package init(_ path: String, guarding folder: String? = nil) throws(DaybookError) {
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
    guard file >= 0 else {
      throw FileError(number: errno, operation: "open \(path)").asDaybookError
    }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let failure = errno
      let owner = FolderLock.owner(file)
      close(file)
      guard failure == EWOULDBLOCK else {
        throw FileError(number: failure, operation: "lock \(path)").asDaybookError
      }
      throw DaybookError(
        .dataFolderInUse,
        "the data folder is in use by process \(owner.map(String.init) ?? "?") (\(path)): "
          + "stop it first, or use another folder")
    }
    self.file = file
    if let folder { try guardFolder(folder, path) }
    let text = Array("\(getpid())\n".utf8)
    // Only for people: a failure here takes nothing from the lock.
    if ftruncate(file, 0) == 0 { _ = pwrite(file, text, text.count, 0) }
  }

  /// What fails here releases what was taken: all stored properties are set.
  private func guardFolder(_ folder: String, _ path: String) throws(DaybookError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return }
      throw FileError(number: errno, operation: "open \(folder)").asDaybookError
    }
    guarded = descriptor
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      guard errno == EWOULDBLOCK else {
        throw FileError(number: errno, operation: "lock \(folder)").asDaybookError
      }
      throw DaybookError(
        .dataFolderInUse,
        "the data folder is in use by another process, though \(path) is free: somebody removed "
          + "that file; stop the other process first")
    }
  }

  /// Gives the lock up; also done when the last reference goes.
  ///
  /// Closing alone does not: a program that this process is just starting has the same open file until
  /// it begins (flock(2) locks those), and would hold the lock for as long.
  package func release() {
    for descriptor in [file, guarded] where descriptor >= 0 {
      flock(descriptor, LOCK_UN)
      close(descriptor)
    }
    file = -1
    guarded = -1
  }

  deinit { release() }

  private static func owner(_ file: Int32) -> Int32? {
    var text = [UInt8](repeating: 0, count: 16)
    let count = pread(file, &text, text.count, 0)
    guard count > 0 else { return nil }
    return Int32(String(decoding: text[0..<count].prefix { $0 != 10 }, as: UTF8.self))
  }
}
