package import DaybookModel
import Glibc

/// What a system call answered when it failed.
package struct FileError: Error, Equatable, CustomStringConvertible {
  package let number: Int32
  /// The call, and the path that it was about.
  package let operation: String

  package init(number: Int32, operation: String) {
    self.number = number
    self.operation = operation
  }

  package var isFull: Bool { number == ENOSPC || number == EDQUOT }
  /// No file could be opened, for the process or the machine has too many open.
  package var isOutOfFiles: Bool { number == EMFILE || number == ENFILE }
  /// Passes by itself, or once somebody makes room.
  package var isTemporary: Bool { isFull || isOutOfFiles }
  package var description: String { "\(operation): \(String(cString: strerror(number)))" }

  /// As callers of the log are told: clients are among them, so that what names a path is the
  /// error's cause, which only the operator reads.
  package var asDaybookError: DaybookError {
    switch number {
    case ENOSPC, EDQUOT:
      DaybookError(.storageFull, "the disk is full: make room, then try again", cause: self)
    case EMFILE, ENFILE:
      DaybookError(
        .overloaded,
        "too many files are open: allow more (ulimit -n, LimitNOFILE), or try again", cause: self)
    case ESTALE:
      DaybookError(
        .epochFenced, "the log was opened by another owner: stop this one", cause: self)
    case EACCES, EPERM, EROFS:
      DaybookError(
        .permissionDenied, "permission denied: run as the data folder's owner", cause: self)
    case ENOENT, ENOTDIR:
      DaybookError(
        .dataFolderMissing,
        "a part of the data folder is missing: check the path, or restore it from a copy",
        cause: self)
    default:
      DaybookError(
        .storageFailed, "the disk failed: check it, then start again", cause: self)
    }
  }
}

/// An open file, and the path under which it was opened, for whoever is told that it failed.
package struct File: Sendable {
  package let descriptor: Int32
  package let path: String

  package init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }
}

/// Which file a path leads to, and which state of it: another after a rename over it or a write.
package struct FileIdentity: Equatable, Sendable {
  package var device: UInt64
  package var inode: UInt64
  package var bytes: UInt64
  package var changedSeconds: Int64
  package var changedNanoseconds: Int64

  package init(
    device: UInt64, inode: UInt64, bytes: UInt64, changedSeconds: Int64, changedNanoseconds: Int64
  ) {
    self.device = device
    self.inode = inode
    self.bytes = bytes
    self.changedSeconds = changedSeconds
    self.changedNanoseconds = changedNanoseconds
  }

  /// Whatever has become of what is in it.
  package func isSameFile(as other: FileIdentity) -> Bool {
    device == other.device && inode == other.inode
  }
}

/// What the log asks of a file system: the one way to a disk. Tests put one in between that fails,
/// or forgets as a power cut does.
package protocol FileSystem: AnyObject, Sendable {
  /// `flags` and `mode` are those of open(2); `O_CLOEXEC` is added.
  func open(_ path: String, flags: Int32, mode: UInt32) throws(FileError) -> File
  func close(_ file: File)
  /// Fewer bytes than asked for only at the file's end.
  func read(_ file: File, into bytes: UnsafeMutableRawBufferPointer, at position: UInt64)
    throws(FileError) -> Int
  /// All or an error; what was partly written is then unknown.
  func write(_ file: File, _ bytes: UnsafeRawBufferPointer, at position: UInt64)
    throws(FileError)
  func syncData(_ file: File) throws(FileError)
  /// fsync(2): of a folder, the names in it.
  func sync(_ file: File) throws(FileError)
  func allocate(_ file: File, bytes: UInt64) throws(FileError)
  func truncate(_ file: File, to bytes: UInt64) throws(FileError)
  func size(_ file: File) throws(FileError) -> UInt64
  /// Throws `ENOENT` where there is none.
  func identity(_ path: String) throws(FileError) -> FileIdentity
  /// What was there under the new name goes.
  func rename(_ from: String, to: String) throws(FileError)
  /// Throws `EEXIST`, and changes nothing, where the new name is taken.
  func renameIfAbsent(_ from: String, to: String) throws(FileError)
  func remove(_ path: String) throws(FileError)
  func makeFolder(_ path: String) throws(FileError)
  /// Names in a folder, without `.` and `..`, in no order.
  func list(_ folder: String) throws(FileError) -> [String]
}
