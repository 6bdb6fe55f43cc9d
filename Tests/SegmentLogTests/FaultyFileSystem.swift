import Files
import Glibc
import NIOConcurrencyHelpers

@testable import SegmentLog

/// The machine's file system, with failures on demand, and with a memory of what was not yet
/// synced: `crash` takes back any part of it, as a power failure may.
final class FaultyFileSystem: FileSystem {
  enum Operation: Hashable { case write, syncData, allocate, open, truncate }

  private struct Unsynced {
    var path: String
    var position: UInt64
    var before: [UInt8]
  }

  private struct Failure {
    var number: Int32
    var times: Int
    var concerns: @Sendable (String) -> Bool
  }

  private struct State {
    var failures: [Operation: Failure] = [:]
    /// More can't be allocated for one file.
    var fileBytesMax = UInt64.max
    /// Bytes of a failing write that get through before it fails.
    var partly = 0
    var paths: [Int32: String] = [:]
    var unsynced: [Unsynced] = []
    /// New names of a folder that was not synced, with the old one.
    var renamed: [(from: String, to: String)] = []
    var syncs = 0
    var isDead = false
  }

  private let real = PosixFileSystem()
  private let state = NIOLockedValueBox(State())

  /// Files that are only read are opened all the same, unless there are too many.
  func fail(
    _ operation: Operation, _ number: Int32, partly: Int = 0, times: Int = .max,
    of concerns: @escaping @Sendable (String) -> Bool = { _ in true }
  ) {
    state.withLockedValue {
      $0.failures[operation] = Failure(number: number, times: times, concerns: concerns)
      $0.partly = partly
    }
  }

  /// A disk with room for no larger file than this.
  func limit(fileBytes: UInt64) { state.withLockedValue { $0.fileBytesMax = fileBytes } }

  func heal() {
    state.withLockedValue {
      $0.failures = [:]
      $0.fileBytesMax = .max
    }
  }

  var syncs: Int { state.withLockedValue { $0.syncs } }

  /// From here on nothing reaches the disk, and all calls fail.
  func kill() { state.withLockedValue { $0.isDead = true } }

  private func check(_ operation: Operation, _ path: String = "") throws(FileError) {
    let failure: Int32? = state.withLockedValue { state in
      if state.isDead { return EIO }
      guard let failure = state.failures[operation], failure.times > 0, failure.concerns(path)
      else { return nil }
      state.failures[operation]?.times -= 1
      return failure.number
    }
    if let failure { throw FileError(number: failure, operation: "\(operation)") }
  }

  /// Takes back, newest first, each unsynced piece of 512 bytes that `survives` denies.
  func crash(survives: () -> Bool) throws {
    kill()
    let lost = state.withLockedValue { $0 }
    for change in lost.unsynced.reversed() {
      guard let file = try? real.open(change.path, flags: O_RDWR, mode: 0) else { continue }
      defer { real.close(file) }
      var at = 0
      while at < change.before.count {
        let end = min(change.before.count, at + 512)
        if !survives() {
          try Array(change.before[at..<end]).withUnsafeBytes {
            try real.write(file, $0, at: change.position + UInt64(at))
          }
        }
        at = end
      }
    }
    for change in lost.renamed.reversed() where !survives() {
      try? real.rename(change.to, to: change.from)
    }
  }

  func open(_ path: String, flags: Int32, mode: UInt32) throws(FileError) -> File {
    let isOutOfFiles = state.withLockedValue { $0.failures[.open]?.number == EMFILE }
    if flags & O_CREAT != 0 || isOutOfFiles { try check(.open, path) }
    let file = try real.open(path, flags: flags, mode: mode)
    state.withLockedValue { $0.paths[file.descriptor] = path }
    return file
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
    do throws(FileError) {
      try check(.write)
    } catch {
      let partly = state.withLockedValue { $0.isDead ? 0 : min($0.partly, bytes.count) }
      if partly > 0 {
        try real.write(file, UnsafeRawBufferPointer(rebasing: bytes[0..<partly]), at: position)
      }
      throw error
    }
    // What is made under a temporary name is synced before it gets its own: of no interest here.
    let path = state.withLockedValue { $0.paths[file.descriptor] } ?? ""
    if !path.hasSuffix(TemporaryName.suffix) {
      let before = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
      defer { before.deallocate() }
      // Not `initializeMemory`, with which debug builds go from byte to byte.
      memset(before.baseAddress!, 0, before.count)
      if let own = try? real.open(path, flags: O_RDONLY, mode: 0) {
        _ = try real.read(own, into: before, at: position)
        real.close(own)
      }
      let change = Unsynced(path: path, position: position, before: Array(before))
      state.withLockedValue { $0.unsynced.append(change) }
    }
    try real.write(file, bytes, at: position)
  }

  func syncData(_ file: File) throws(FileError) {
    state.withLockedValue { $0.syncs += 1 }
    try check(.syncData)
    try real.syncData(file)
    state.withLockedValue { state in
      let path = state.paths[file.descriptor]
      state.unsynced.removeAll { $0.path == path }
    }
  }

  func sync(_ file: File) throws(FileError) {
    try check(.syncData, state.withLockedValue { $0.paths[file.descriptor] } ?? "")
    state.withLockedValue { state in
      guard let folder = state.paths[file.descriptor] else { return }
      state.renamed.removeAll {
        $0.to.hasPrefix(folder + "/") && !$0.to.dropFirst(folder.count + 1).contains("/")
      }
    }
    try real.sync(file)
  }

  func allocate(_ file: File, bytes: UInt64) throws(FileError) {
    try check(.allocate)
    if bytes > state.withLockedValue({ $0.fileBytesMax }) {
      throw FileError(number: ENOSPC, operation: "allocate")
    }
    try real.allocate(file, bytes: bytes)
  }

  func truncate(_ file: File, to bytes: UInt64) throws(FileError) {
    try check(.truncate)
    try real.truncate(file, to: bytes)
  }

  func size(_ file: File) throws(FileError) -> UInt64 { try real.size(file) }

  func rename(_ from: String, to: String) throws(FileError) {
    try check(.write)
    let replaces = (try? real.exists(to)) ?? false
    try real.rename(from, to: to)
    // The descriptor goes on under the new name.
    state.withLockedValue { state in
      for (file, path) in state.paths where path == from { state.paths[file] = to }
      if !replaces { state.renamed.append((from, to)) }
    }
  }

  func renameIfAbsent(_ from: String, to: String) throws(FileError) {
    try check(.write)
    try real.renameIfAbsent(from, to: to)
    state.withLockedValue { state in
      for (file, path) in state.paths where path == from { state.paths[file] = to }
      state.renamed.append((from, to))
    }
  }

  func identity(_ path: String) throws(FileError) -> FileIdentity { try real.identity(path) }

  func remove(_ path: String) throws(FileError) { try real.remove(path) }
  func makeFolder(_ path: String) throws(FileError) { try real.makeFolder(path) }
  func list(_ folder: String) throws(FileError) -> [String] { try real.list(folder) }
}
