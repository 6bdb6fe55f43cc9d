import DaybookModel
import Glibc

/// What a file is called while it is being made: whoever opens a folder may remove such files.
package enum TemporaryName {
  package static let suffix = ".tmp"
}

/// Small files, read and made as a whole.
extension FileSystem {
  /// Throws `EFBIG` for a file longer than `bytesMax`: no more memory is taken than that.
  package func contents(of path: String, bytesMax: Int) throws(FileError) -> [UInt8] {
    let file = try open(path, flags: O_RDONLY, mode: 0)
    defer { close(file) }
    let size = try size(file)
    guard size <= UInt64(bytesMax) else {
      throw FileError(number: EFBIG, operation: "read \(path)")
    }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    let count = try withBytes(of: &bytes) { (raw) throws(FileError) in
      try read(file, into: raw, at: 0)
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  /// The first `bytesMax` bytes of a file, or all there are.
  package func start(of path: String, bytesMax: Int) throws(FileError) -> [UInt8] {
    let file = try open(path, flags: O_RDONLY, mode: 0)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: bytesMax)
    let count = try withBytes(of: &bytes) { (raw) throws(FileError) in
      try read(file, into: raw, at: 0)
    }
    return Array(bytes[..<count])
  }

  /// The file is there whole and durable, or not at all: temporary, fsync, rename, fsync of the
  /// folder.
  package func makeDurably(
    _ name: String, in folder: String, bytes: [UInt8], mode: UInt32 = 0o640
  ) throws(FileError) {
    try make(name, in: folder, mode: mode, isSynced: true) { (file) throws(FileError) in
      try write(file, bytes, at: 0)
    }
    try sync(folder: folder)
  }

  /// The file is there whole, or not at all, as long as the machine runs: a power cut may leave it
  /// torn. For what can be made anew and tells by its checksum that it has to be. It is what `writing`
  /// writes: not all of it has to be in one place in memory.
  package func make(
    _ name: String, in folder: String, mode: UInt32 = 0o640,
    writing: (File) throws(FileError) -> Void
  ) throws(FileError) {
    try make(name, in: folder, mode: mode, isSynced: false, writing: writing)
  }

  private func make(
    _ name: String, in folder: String, mode: UInt32, isSynced: Bool,
    writing: (File) throws(FileError) -> Void
  ) throws(FileError) {
    let temporary = "\(folder)/\(name)\(TemporaryName.suffix)"
    let file = try open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    do throws(FileError) {
      defer { close(file) }
      try writing(file)
      if isSynced { try syncData(file) }
      try rename(temporary, to: "\(folder)/\(name)")
    } catch {
      try? remove(temporary)
      throw error
    }
  }

  /// A file that was not there before, and is durable: for what must never be overwritten. Throws
  /// `EEXIST`.
  package func makeOnce(_ path: String, bytes: [UInt8], mode: UInt32) throws(FileError) {
    let file = try open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: mode)
    defer { close(file) }
    try write(file, bytes, at: 0)
    try sync(file)
  }

  package func makeFolderIfAbsent(_ path: String) throws(FileError) {
    do throws(FileError) {
      try makeFolder(path)
    } catch  where error.number == EEXIST {
    }
  }

  package func write(_ file: File, _ bytes: [UInt8], at position: UInt64) throws(FileError) {
    try withBytes(of: bytes) { (raw) throws(FileError) in try write(file, raw, at: position) }
  }

  package func open(folder: String) throws(FileError) -> File {
    try open(folder, flags: O_RDONLY | O_DIRECTORY, mode: 0)
  }

  package func sync(folder: String) throws(FileError) {
    if Mutant.leavesOut(.folderSync) { return }
    let file = try open(folder: folder)
    defer { close(file) }
    try sync(file)
  }

  package func zero(_ file: File, from start: UInt64, to end: UInt64) throws(FileError) {
    let zeros = [UInt8](repeating: 0, count: Int(min(end - start, 1 << 20)))
    var position = start
    while position < end {
      let count = min(zeros.count, Int(end - position))
      try withBytes(of: zeros) { (raw) throws(FileError) in
        try write(file, UnsafeRawBufferPointer(rebasing: raw[0..<count]), at: position)
      }
      position += UInt64(count)
    }
  }

  /// Bytes that must not be taken for data. Blocks that were written can be written again, so this
  /// needs no room; where part of them was a hole, all from `start` on goes.
  package func erase(_ file: File, from start: UInt64, to end: UInt64) throws(FileError) {
    do throws(FileError) {
      try zero(file, from: start, to: end)
    } catch  where error.isFull {
      try truncate(file, to: start)
    }
  }

  /// Hands the bytes to `write` piece by piece, each with its position.
  package func duplicate(
    _ file: File, from start: UInt64, to end: UInt64,
    _ write: (UnsafeRawBufferPointer, UInt64) throws(FileError) -> Void
  ) throws(FileError) {
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { chunk.deallocate() }
    var position = start
    while position < end {
      let wanted = min(UInt64(chunk.count), end - position)
      let room = UnsafeMutableRawBufferPointer(rebasing: chunk[0..<Int(wanted)])
      let count = try read(file, into: room, at: position)
      if count == 0 { return }
      try write(UnsafeRawBufferPointer(rebasing: room[0..<count]), position)
      position += UInt64(count)
    }
  }

  package func exists(_ path: String) throws(FileError) -> Bool {
    do throws(FileError) {
      close(try open(path, flags: O_RDONLY, mode: 0))
      return true
    } catch {
      if error.number == ENOENT { return false }
      throw error
    }
  }

  // `withUnsafeBytes` of the standard library loses the thrown error's type.
  private func withBytes<Value>(
    of bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(FileError) -> Value
  ) throws(FileError) -> Value {
    let result = bytes.withUnsafeBytes { raw -> Result<Value, FileError> in
      do throws(FileError) { return .success(try body(raw)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  package func withBytes<Value>(
    of bytes: inout [UInt8], _ body: (UnsafeMutableRawBufferPointer) throws(FileError) -> Value
  ) throws(FileError) -> Value {
    let result = bytes.withUnsafeMutableBytes { raw -> Result<Value, FileError> in
      do throws(FileError) { return .success(try body(raw)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
