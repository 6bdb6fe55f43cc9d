import Files
import Glibc
import NIOConcurrencyHelpers

@testable import SegmentLog

/// The machine's file system, for a process that stops itself (SIGSTOP) before an operation.
final class StoppingFileSystem: FileSystem {
  private let real = PosixFileSystem()
  private let point: NIOLockedValueBox<StopPoint?> = NIOLockedValueBox(nil)

  /// The next such operation finds the process stopped, once.
  func stop(at point: StopPoint) { self.point.withLockedValue { $0 = point } }

  private func pass(_ operation: DiskOperation, _ path: String) {
    let isHere = point.withLockedValue { point in
      guard let own = point, own.operation == operation, path.hasSuffix(own.suffix) else {
        return false
      }
      point = nil
      return true
    }
    if isHere { kill(getpid(), SIGSTOP) }
  }

  func open(_ path: String, flags: Int32, mode: UInt32) throws(FileError) -> File {
    try real.open(path, flags: flags, mode: mode)
  }

  func close(_ file: File) { real.close(file) }

  func read(
    _ file: File, into bytes: UnsafeMutableRawBufferPointer, at position: UInt64
  ) throws(FileError) -> Int {
    try real.read(file, into: bytes, at: position)
  }

  func write(
    _ file: File, _ bytes: UnsafeRawBufferPointer, at position: UInt64
  ) throws(FileError) {
    pass(.write, file.path)
    try real.write(file, bytes, at: position)
  }

  func syncData(_ file: File) throws(FileError) {
    pass(.syncData, file.path)
    try real.syncData(file)
  }

  func sync(_ file: File) throws(FileError) { try real.sync(file) }

  func allocate(_ file: File, bytes: UInt64) throws(FileError) {
    try real.allocate(file, bytes: bytes)
  }

  func truncate(_ file: File, to bytes: UInt64) throws(FileError) {
    try real.truncate(file, to: bytes)
  }

  func size(_ file: File) throws(FileError) -> UInt64 { try real.size(file) }

  func identity(_ path: String) throws(FileError) -> FileIdentity {
    pass(.identity, path)
    return try real.identity(path)
  }

  func rename(_ from: String, to: String) throws(FileError) { try real.rename(from, to: to) }

  func renameIfAbsent(_ from: String, to: String) throws(FileError) {
    pass(.rename, to)
    try real.renameIfAbsent(from, to: to)
  }

  func remove(_ path: String) throws(FileError) { try real.remove(path) }
  func makeFolder(_ path: String) throws(FileError) { try real.makeFolder(path) }
  func list(_ folder: String) throws(FileError) -> [String] { try real.list(folder) }
}
