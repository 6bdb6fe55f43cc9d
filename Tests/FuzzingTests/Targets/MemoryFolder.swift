import DaybookModel
import Files
import Glibc
import NIOConcurrencyHelpers

@testable import SegmentLog

/// A folder in memory that nobody may write to, and an account of what is read in it.
final class MemoryFolder: FileSystem {
  private struct Account {
    var paths: [Int32: String] = [:]
    var opened: Int32 = 0
    var readBytesMax = 0
  }

  private let files: [String: [UInt8]]
  private let account = NIOLockedValueBox(Account())

  init(_ files: [String: [UInt8]]) { self.files = files }

  /// Files that were opened and not closed.
  var openCount: Int { account.withLockedValue { $0.paths.count } }
  /// The most that was asked for at once: so much memory was taken.
  var readBytesMax: Int { account.withLockedValue { $0.readBytesMax } }

  func open(_ path: String, flags: Int32, mode: UInt32) throws(FileError) -> File {
    guard files[path] != nil else { throw FileError(number: ENOENT, operation: "open \(path)") }
    return account.withLockedValue {
      $0.opened += 1
      $0.paths[$0.opened] = path
      return File(descriptor: $0.opened, path: path)
    }
  }

  func close(_ file: File) {
    let path = account.withLockedValue { $0.paths.removeValue(forKey: file.descriptor) }
    precondition(path != nil, "a file is closed twice")
  }

  private func bytes(_ file: File) -> [UInt8] {
    let path = account.withLockedValue { $0.paths[file.descriptor] }
    precondition(path != nil, "a file is used that is not open")
    return files[path!]!
  }

  func read(
    _ file: File, into room: UnsafeMutableRawBufferPointer, at position: UInt64
  ) throws(FileError) -> Int {
    let bytes = bytes(file)
    account.withLockedValue { $0.readBytesMax = max($0.readBytesMax, room.count) }
    guard position < UInt64(bytes.count) else { return 0 }
    let part = bytes[Int(position)..<min(bytes.count, Int(position) + room.count)]
    room.copyBytes(from: part)
    return part.count
  }

  func size(_ file: File) throws(FileError) -> UInt64 { UInt64(bytes(file).count) }

  func list(_ folder: String) throws(FileError) -> [String] {
    let names = files.keys.compactMap { path -> String? in
      guard path.hasPrefix(folder + "/") else { return nil }
      return path.dropFirst(folder.count + 1).split(separator: "/").first.map(String.init)
    }
    return Set(names).sorted()
  }

  private func refuse(_ operation: String) -> FileError {
    FileError(number: EROFS, operation: operation)
  }

  func identity(_ path: String) throws(FileError) -> FileIdentity { throw refuse("stat") }
  func write(
    _ file: File, _ bytes: UnsafeRawBufferPointer, at position: UInt64
  ) throws(FileError) { throw refuse("write") }
  func syncData(_ file: File) throws(FileError) { throw refuse("fdatasync") }
  func sync(_ file: File) throws(FileError) { throw refuse("fsync") }
  func allocate(_ file: File, bytes: UInt64) throws(FileError) { throw refuse("allocate") }
  func truncate(_ file: File, to bytes: UInt64) throws(FileError) { throw refuse("truncate") }
  func rename(_ from: String, to: String) throws(FileError) { throw refuse("rename") }
  func renameIfAbsent(_ from: String, to: String) throws(FileError) { throw refuse("link") }
  func remove(_ path: String) throws(FileError) { throw refuse("remove") }
  func makeFolder(_ path: String) throws(FileError) { throw refuse("mkdir") }
}
