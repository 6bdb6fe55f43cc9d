import DaybookModel
import Foundation

/// What the system said when a projection's file or folder could not be made.
enum SystemFault {
  static func error(_ what: String, _ path: String, _ number: Int32) -> DaybookError {
    let (code, action): (ErrorCode, String) =
      switch number {
      case ENOSPC, EDQUOT: (.storageFull, "make room")
      case EMFILE, ENFILE: (.overloaded, "allow more open files (ulimit -n, LimitNOFILE)")
      case EACCES, EPERM, EROFS: (.permissionDenied, "run as the user who owns it")
      case EEXIST, ENOTDIR, EISDIR: (.storageFailed, "move away what is in its place")
      default: (.storageFailed, "check the disk")
      }
    let said = String(cString: strerror(number))
    return DaybookError(code, "can't \(what) \(path): \(said) (errno \(number)): \(action)")
  }
}
