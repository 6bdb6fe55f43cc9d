import DaybookModel
import Glibc

/// What a system call answered when it failed.
struct FileError: Error, Equatable, CustomStringConvertible {
  let number: Int32
  /// The call and the path or what else it was about.
  let operation: String

  var isFull: Bool { number == ENOSPC || number == EDQUOT }
  /// No file could be opened, for the process or the machine has too many open.
  var isOutOfFiles: Bool { number == EMFILE || number == ENFILE }
  /// Passes by itself, or once somebody makes room.
  var isTemporary: Bool { isFull || isOutOfFiles }
  var description: String { "\(operation): \(String(cString: strerror(number)))" }

  /// As callers of the log are told.
  var asDaybookError: DaybookError {
    switch number {
    case ENOSPC, EDQUOT:
      DaybookError(.storageFull, "the disk is full: make room, then try again", cause: self)
    case EMFILE, ENFILE:
      DaybookError(
        .overloaded,
        "too many files are open (\(self)): allow more (ulimit -n, LimitNOFILE), or try again",
        cause: self)
    case EACCES, EPERM, EROFS:
      DaybookError(
        .permissionDenied, "permission denied (\(self)): run as the data folder's owner",
        cause: self)
    case ENOENT, ENOTDIR:
      DaybookError(
        .dataFolderMissing,
        "a part of the data folder is missing (\(self)): check the path, or restore it from a copy",
        cause: self)
    default:
      DaybookError(
        .storageFailed, "the disk failed (\(self)): check it, then start again", cause: self)
    }
  }
}

/// What the log asks of a file system. Tests put one in between that fails or forgets.
protocol FileSystem: AnyObject, Sendable {
  /// `flags` and `mode` are those of open(2); `O_CLOEXEC` is added.
  func open(_ path: String, flags: Int32, mode: UInt32) throws(FileError) -> Int32
  func close(_ file: Int32)
  /// Fewer bytes than asked for only at the file's end.
  func read(_ file: Int32, into bytes: UnsafeMutableRawBufferPointer, at position: UInt64)
    throws(FileError) -> Int
  /// All or an error; what was partly written is then unknown.
  func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at position: UInt64)
    throws(FileError)
  func syncData(_ file: Int32) throws(FileError)
  /// fsync(2): of a folder, the names in it.
  func sync(_ file: Int32) throws(FileError)
  func allocate(_ file: Int32, bytes: UInt64) throws(FileError)
  func truncate(_ file: Int32, to bytes: UInt64) throws(FileError)
  func size(_ file: Int32) throws(FileError) -> UInt64
  func rename(_ from: String, to: String) throws(FileError)
  func remove(_ path: String) throws(FileError)
  func makeFolder(_ path: String) throws(FileError)
  /// Names in a folder, without `.` and `..`, in no order.
  func list(_ folder: String) throws(FileError) -> [String]
}
