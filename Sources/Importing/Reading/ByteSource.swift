package import DaybookModel
import Glibc

/// Bytes from the first to the last, a piece at a time: whoever reads holds one piece, however long
/// the file is.
package protocol ByteSource: AnyObject {
  /// Appends the next bytes, at most some 64 KiB; false at the end. Throws `invalid_input` for what
  /// can't be read.
  func read(into bytes: inout [UInt8]) throws(DaybookError) -> Bool
}

extension ByteSource {
  /// All that is left of it.
  package func rest() throws(DaybookError) -> [UInt8] {
    var bytes: [UInt8] = []
    while try read(into: &bytes) {}
    return bytes
  }
}

/// A file on the disk.
final class FileSource: ByteSource {
  static let pieceBytes = 65_536

  private let descriptor: Int32
  private let path: String

  /// Throws `invalid_input`, saying what is at the path instead of a file.
  init(path: String) throws(DaybookError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileSource.failure(path, errno) }
  }

  deinit { close(descriptor) }

  /// Bytes in all.
  func size() throws(DaybookError) -> UInt64 {
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw FileSource.failure(path, errno) }
    return UInt64(max(0, facts.st_size))
  }

  func read(into bytes: inout [UInt8]) throws(DaybookError) -> Bool {
    let count = try fill(&bytes, FileSource.pieceBytes) { Glibc.read(descriptor, $0, $1) }
    return count > 0
  }

  /// Appends up to `count` bytes of the file from `offset` on; fewer only at its end.
  func read(into bytes: inout [UInt8], at offset: UInt64, count: Int) throws(DaybookError) {
    var offset = off_t(clamping: offset)
    var left = count
    while left > 0 {
      let taken = try fill(&bytes, left) { pread(descriptor, $0, $1, offset) }
      guard taken > 0 else { return }
      offset += off_t(taken)
      left -= taken
    }
  }

  private func fill(
    _ bytes: inout [UInt8], _ most: Int, _ read: (UnsafeMutableRawPointer, Int) -> Int
  ) throws(DaybookError) -> Int {
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: most))
    var count = -1
    repeat {
      count = bytes.withUnsafeMutableBytes { buffer in
        buffer.baseAddress.map { read($0 + start, most) } ?? 0
      }
    } while count < 0 && errno == EINTR
    let fault = errno
    bytes.removeLast(most - max(0, count))
    guard count >= 0 else { throw FileSource.failure(path, fault) }
    return count
  }

  static func failure(_ path: String, _ number: Int32) -> DaybookError {
    let reason =
      switch number {
      case ENOENT: "there is no such file or folder"
      case ENOTDIR: "a part of this path is a file, and no folder"
      case EACCES: "this user may not read it"
      case EISDIR: "it is a folder"
      default: String(cString: strerror(number))
      }
    return DaybookError(.invalidInput, "can't read \(path): \(reason)")
  }
}

/// What lies at a path.
package enum PathKind: Sendable, Equatable {
  case folder
  case zip
  case gzip
  case file

  /// Throws `invalid_input` where there is nothing, or nothing that may be read.
  package init(at path: String) throws(DaybookError) {
    var facts = stat()
    guard stat(path, &facts) == 0 else { throw FileSource.failure(path, errno) }
    if facts.st_mode & S_IFMT == S_IFDIR {
      self = .folder
      return
    }
    var start: [UInt8] = []
    try FileSource(path: path).read(into: &start, at: 0, count: 4)
    self =
      if start.starts(with: [0x50, 0x4b, 3, 4]) || start.starts(with: [0x50, 0x4b, 5, 6]) {
        .zip
      } else if start.starts(with: [0x1f, 0x8b]) {
        .gzip
      } else {
        .file
      }
  }
}
