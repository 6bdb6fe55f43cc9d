#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// One open file, and what is asked of it. Every error names the file.
struct OutboxFile: Sendable {
  let path: String
  private let descriptor: Int32

  /// Opens a file that is there or is made, for its owner alone.
  init(_ path: String) throws(ClientError) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw OutboxFile.failure("open", path) }
  }

  func close() { closeDescriptor(descriptor) }

  /// False while another process, or another open file of this one, has it locked.
  func lock() throws(ClientError) -> Bool {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK else { throw OutboxFile.failure("lock", path) }
    return false
  }

  func readAll() throws(ClientError) -> [UInt8] {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = pread(descriptor, &chunk, chunk.count, off_t(all.count))
      if count == 0 { return all }
      if count < 0 {
        if errno == EINTR { continue }
        throw OutboxFile.failure("read", path)
      }
      all += chunk.prefix(count)
    }
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(ClientError) {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset + done))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw OutboxFile.failure("write", path)
      }
      done += count
    }
  }

  func truncate(to length: Int) throws(ClientError) {
    guard ftruncate(descriptor, off_t(length)) == 0 else {
      throw OutboxFile.failure("shorten", path)
    }
  }

  /// A failure is final: what was not written is not known, and a second call would not say so.
  func sync() throws(ClientError) {
    #if canImport(Darwin)
      // fsync(2) there leaves the bytes with the disk's own cache.
      let outcome = fcntl(descriptor, F_FULLFSYNC)
    #else
      let outcome = fdatasync(descriptor)
    #endif
    guard outcome == 0 else { throw OutboxFile.failure("sync", path) }
  }

  /// Puts a file in another's place, durably.
  static func replace(_ path: String, by other: String) throws(ClientError) {
    guard rename(other, path) == 0 else { throw failure("rename", other) }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", folder) }
    defer { closeDescriptor(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("sync", folder) }
  }

  private static func failure(_ what: String, _ path: String) -> ClientError {
    let reason = strerror(errno).map { String(cString: $0) } ?? "errno \(errno)"
    return ClientError(.outboxFailed, "can't \(what) \(path): \(reason)")
  }
}

/// Here, where no member has the name of the system's function. What it answers changes nothing: what
/// was to be durable was synced.
private func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }
