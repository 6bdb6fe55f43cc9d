import Glibc

/// The machine's own.
final class PosixFileSystem: FileSystem {
  func open(_ path: String, flags: Int32, mode: UInt32) throws(FileError) -> Int32 {
    while true {
      let file = Glibc.open(path, flags | O_CLOEXEC, mode)
      if file >= 0 { return file }
      if errno != EINTR { throw FileError(number: errno, operation: "open \(path)") }
    }
  }

  func close(_ file: Int32) { _ = Glibc.close(file) }

  func read(
    _ file: Int32, into bytes: UnsafeMutableRawBufferPointer, at position: UInt64
  ) throws(FileError) -> Int {
    var done = 0
    while done < bytes.count {
      let count = pread(
        file, bytes.baseAddress! + done, bytes.count - done, off_t(position) + off_t(done))
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError(number: errno, operation: "read at byte \(position)")
      }
      done += count
    }
    return done
  }

  func write(
    _ file: Int32, _ bytes: UnsafeRawBufferPointer, at position: UInt64
  ) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(
        file, bytes.baseAddress! + done, bytes.count - done, off_t(position) + off_t(done))
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError(number: errno, operation: "write at byte \(position)")
      }
      done += count
    }
  }

  func syncData(_ file: Int32) throws(FileError) {
    if fdatasync(file) != 0 { throw FileError(number: errno, operation: "fdatasync") }
  }

  func sync(_ file: Int32) throws(FileError) {
    if fsync(file) != 0 { throw FileError(number: errno, operation: "fsync") }
  }

  func allocate(_ file: Int32, bytes: UInt64) throws(FileError) {
    let failure = posix_fallocate(file, 0, off_t(bytes))
    if failure != 0 { throw FileError(number: failure, operation: "allocate \(bytes) bytes") }
  }

  func truncate(_ file: Int32, to bytes: UInt64) throws(FileError) {
    if ftruncate(file, off_t(bytes)) != 0 {
      throw FileError(number: errno, operation: "truncate to \(bytes) bytes")
    }
  }

  func size(_ file: Int32) throws(FileError) -> UInt64 {
    var status = stat()
    if fstat(file, &status) != 0 { throw FileError(number: errno, operation: "stat") }
    return UInt64(status.st_size)
  }

  func rename(_ from: String, to: String) throws(FileError) {
    if Glibc.rename(from, to) != 0 { throw FileError(number: errno, operation: "rename to \(to)") }
  }

  func remove(_ path: String) throws(FileError) {
    if unlink(path) != 0 { throw FileError(number: errno, operation: "remove \(path)") }
  }

  func makeFolder(_ path: String) throws(FileError) {
    if mkdir(path, 0o750) != 0 { throw FileError(number: errno, operation: "make \(path)") }
  }

  func list(_ folder: String) throws(FileError) -> [String] {
    guard let handle = opendir(folder) else {
      throw FileError(number: errno, operation: "list \(folder)")
    }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}
