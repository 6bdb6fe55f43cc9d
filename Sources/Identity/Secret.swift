package import DaybookModel
package import Files
import Glibc

/// The HMAC key of a Daybook's tokens: 32 random bytes, in hex on one line of `<data>/secret`.
/// Whoever reads it can speak for any user, so its file is its owner's alone.
package struct Secret: Sendable {
  package static let bytesCount = 32
  private static let fileMode: UInt32 = 0o600

  let bytes: [UInt8]

  package init(bytes: [UInt8]) { self.bytes = bytes }

  package static func random() -> Secret {
    var generator = SystemRandomNumberGenerator()
    return Secret(
      bytes: (0..<bytesCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
  }

  /// Makes a random secret and its file. Throws `data_folder_exists` where there is one already,
  /// `permission_denied` or `storage_failed` where it can't be written.
  package static func create(
    at path: String, files: any FileSystem = PosixFileSystem()
  ) throws(DaybookError) {
    let line = Array((random().hex + "\n").utf8)
    do throws(FileError) {
      try files.makeOnce(path, bytes: line, mode: fileMode)
    } catch {
      throw failure("make", path, error.number)
    }
  }

  /// Throws `permission_denied` for a file that others can read or that this process can't;
  /// `data_folder_missing` where there is none; `invalid_input` for one that holds no secret.
  package static func load(at path: String) throws(DaybookError) -> Secret {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure("read", path, errno) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure("read", path, errno) }
    guard status.st_mode & 0o077 == 0 else {
      throw DaybookError(
        .permissionDenied, "others can read the secret: run 'chmod 600 \(path)'")
    }
    var buffer = [UInt8](repeating: 0, count: 4 * bytesCount)
    let count = read(file, &buffer, buffer.count)
    guard count >= 0 else { throw failure("read", path, errno) }
    let digits = buffer[..<count].filter { $0 != UInt8(ascii: "\n") }
    guard digits.count == 2 * bytesCount, let secret = Secret(hex: digits) else {
      throw DaybookError(
        .invalidInput, "\(path) holds no secret of \(bytesCount) bytes in hex: restore it")
    }
    return secret
  }

  var hex: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private init?(hex digits: [UInt8]) {
    var bytes: [UInt8] = []
    for at in stride(from: 0, to: digits.count - 1, by: 2) {
      let pair = String(decoding: digits[at...at + 1], as: UTF8.self)
      guard let byte = UInt8(pair, radix: 16) else { return nil }
      bytes.append(byte)
    }
    self.bytes = bytes
  }

  private static func failure(
    _ what: String, _ path: String, _ number: Int32
  ) -> DaybookError {
    switch number {
    case EEXIST:
      DaybookError(.dataFolderExists, "\(path) is there already: tokens made with it still count")
    case ENOENT:
      DaybookError(
        .dataFolderMissing, "there is no \(path): make the data folder with 'daybook init'")
    case ENOSPC, EDQUOT:
      DaybookError(.storageFull, "no room to \(what) \(path): make some")
    case EACCES, EPERM:
      DaybookError(.permissionDenied, "can't \(what) \(path): run as the data folder's owner")
    default:
      DaybookError(.storageFailed, "can't \(what) \(path): \(String(cString: strerror(number)))")
    }
  }
}
