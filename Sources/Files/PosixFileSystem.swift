import Glibc

/// The machine's own.
package final class PosixFileSystem: FileSystem {
  package init() {}

  package func open(_ path: String, flags: Int32, mode: UInt32) throws(FileError) -> File {
    while true {
      let descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
      if descriptor >= 0 { return File(descriptor: descriptor, path: path) }
      if errno != EINTR { throw FileError(number: errno, operation: "open \(path)") }
    }
  }

  package func close(_ file: File) { _ = Glibc.close(file.descriptor) }

  /// Who may do what with the file: the nine lowest bits of its mode.
  package func permissions(of path: String) throws(FileError) -> UInt32 {
    var facts = stat()
    guard stat(path, &facts) == 0 else {
      throw FileError(number: errno, operation: "look at \(path)")
    }
    return facts.st_mode & 0o777
  }

  package func read(
    _ file: File, into bytes: UnsafeMutableRawBufferPointer, at position: UInt64
  ) throws(FileError) -> Int {
    var done = 0
    while done < bytes.count {
      let count = pread(
        file.descriptor, bytes.baseAddress! + done, bytes.count - done,
        off_t(position) + off_t(done))
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError(
          number: errno, operation: "read \(file.path) at byte \(position + UInt64(done))")
      }
      done += count
    }
    return done
  }

  package func write(
    _ file: File, _ bytes: UnsafeRawBufferPointer, at position: UInt64
  ) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(
        file.descriptor, bytes.baseAddress! + done, bytes.count - done,
        off_t(position) + off_t(done))
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError(
          number: errno, operation: "write \(file.path) at byte \(position + UInt64(done))")
      }
      done += count
    }
  }

  package func syncData(_ file: File) throws(FileError) {
    if fdatasync(file.descriptor) != 0 { throw failure("fdatasync", file.path) }
  }

  package func sync(_ file: File) throws(FileError) {
    if fsync(file.descriptor) != 0 { throw failure("fsync", file.path) }
  }

  package func allocate(_ file: File, bytes: UInt64) throws(FileError) {
    let number = posix_fallocate(file.descriptor, 0, off_t(bytes))
    if number != 0 {
      throw FileError(number: number, operation: "allocate \(bytes) bytes for \(file.path)")
    }
  }

  package func truncate(_ file: File, to bytes: UInt64) throws(FileError) {
    if ftruncate(file.descriptor, off_t(bytes)) != 0 {
      throw failure("truncate to \(bytes) bytes", file.path)
    }
  }

  package func size(_ file: File) throws(FileError) -> UInt64 {
    var status = stat()
    if fstat(file.descriptor, &status) != 0 { throw failure("stat", file.path) }
    return UInt64(status.st_size)
  }

  package func identity(_ path: String) throws(FileError) -> FileIdentity {
    var status = stat()
    if stat(path, &status) != 0 { throw failure("stat", path) }
    return FileIdentity(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
      bytes: UInt64(status.st_size), changedSeconds: Int64(status.st_mtim.tv_sec),
      changedNanoseconds: Int64(status.st_mtim.tv_nsec))
  }

  package func rename(_ from: String, to: String) throws(FileError) {
    if Glibc.rename(from, to) != 0 { throw failure("rename to", to) }
  }

  /// By link(2), which never replaces: a crash between the two leaves both names, of which the
  /// temporary one goes at the next opening.
  package func renameIfAbsent(_ from: String, to: String) throws(FileError) {
    if link(from, to) != 0 { throw failure("link to", to) }
    if unlink(from) != 0 { throw failure("remove", from) }
  }

  package func remove(_ path: String) throws(FileError) {
    if unlink(path) != 0 { throw failure("remove", path) }
  }

  package func makeFolder(_ path: String) throws(FileError) {
    if mkdir(path, 0o700) != 0 { throw failure("make", path) }
  }

  package func list(_ folder: String) throws(FileError) -> [String] {
    guard let handle = opendir(folder) else { throw failure("list", folder) }
    defer { closedir(handle) }
    var names: [String] = []
    while true {
      // The end and a failure look alike, but for errno.
      errno = 0
      guard let entry = readdir(handle) else {
        if errno != 0 { throw failure("list", folder) }
        return names
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
  }

  private func failure(_ operation: String, _ path: String) -> FileError {
    FileError(number: errno, operation: "\(operation) \(path)")
  }
}
