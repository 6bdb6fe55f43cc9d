import DaybookModel
import Foundation

/// What one small durable write costs on the disk of a folder, done in several ways, in turns.
package struct DiskBench: Sendable {
  /// So many of one way, then of the next: a disk's good and bad moments then meet all of them.
  fileprivate static let turn = 50

  private let bytes: Int
  private let writes: Int

  /// `writes` of so many `bytes` each way.
  package init(bytes: Int, writes: Int) {
    self.bytes = bytes
    self.writes = writes
  }

  package func measure(folder: String) throws -> BenchResult {
    let ways = try SyncWay.allCases.map { way in
      try SyncedFile(path: "\(folder)/\(way.rawValue)", way, bytes: bytes, writes: writes)
    }
    var latencies = ways.map { _ in LatencyHistogram() }
    let clock = ContinuousClock()
    for _ in 0..<(writes + DiskBench.turn - 1) / DiskBench.turn {
      for (index, file) in ways.enumerated() {
        for _ in 0..<DiskBench.turn {
          let begin = clock.now
          try file.write()
          latencies[index].record(
            nanoseconds: UInt64((clock.now - begin) / .nanoseconds(1)))
        }
      }
    }
    var fields: [BenchField] = [
      ("bench", .text("disk")), ("bytes", .integer(bytes)), ("writes", .integer(writes)),
    ]
    for (way, latency) in zip(SyncWay.allCases, latencies) {
      fields += latency.fields(prefix: "\(way.rawValue)_")
    }
    return BenchResult(fields: fields)
  }
}

/// How a write is made durable.
private enum SyncWay: String, CaseIterable {
  /// Behind the end of the file, then fdatasync: the file's size has to become durable too.
  case growing
  /// Into room that was filled with zeros beforehand, then fdatasync.
  case filled
  /// The same in one call, on a file that was opened with O_DSYNC.
  case dsync
  /// The same past the page cache, in whole blocks (O_DIRECT).
  case direct

  var isFilled: Bool { self != .growing }
  var isSyncedByWriting: Bool { self == .dsync || self == .direct }
}

private final class SyncedFile {
  /// What O_DIRECT writes a multiple of, at a multiple of it.
  private static let block = 4096
  #if arch(arm64)
    private static let direct: Int32 = 0o200000
  #else
    private static let direct: Int32 = 0o40000
  #endif

  private let way: SyncWay
  private let descriptor: Int32
  private let content: UnsafeMutableRawBufferPointer
  private var position = 0

  init(path: String, _ way: SyncWay, bytes: Int, writes: Int) throws(DaybookError) {
    self.way = way
    let size =
      way == .direct ? (bytes + SyncedFile.block - 1) / SyncedFile.block * SyncedFile.block : bytes
    content = .allocate(byteCount: size, alignment: SyncedFile.block)
    content.initializeMemory(as: UInt8.self, repeating: 0x6d)
    if way.isFilled { try SyncedFile.fill(path, size * (writes + DiskBench.turn)) }
    let flags =
      O_RDWR | O_CREAT | O_CLOEXEC | (way.isSyncedByWriting ? O_DSYNC : 0)
      | (way == .direct ? SyncedFile.direct : 0)
    descriptor = open(path, flags, 0o600)
    guard descriptor >= 0 else { throw SyncedFile.fault("open") }
  }

  deinit {
    close(descriptor)
    content.deallocate()
  }

  private static func fill(_ path: String, _ bytes: Int) throws(DaybookError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw fault("open") }
    defer { close(descriptor) }
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    var left = bytes
    while left > 0 {
      let written = Foundation.write(descriptor, zeros, min(left, zeros.count))
      guard written > 0 else { throw fault("zero-fill") }
      left -= written
    }
    guard fsync(descriptor) == 0 else { throw fault("fsync") }
  }

  func write() throws(DaybookError) {
    let isWritten =
      pwrite(descriptor, content.baseAddress, content.count, off_t(position)) == content.count
      && (way.isSyncedByWriting || fdatasync(descriptor) == 0)
    guard isWritten else { throw SyncedFile.fault("write or sync") }
    position += content.count
  }

  private static func fault(_ what: String) -> DaybookError {
    DaybookError(
      .storageFailed, "the bench could not \(what): \(String(cString: strerror(errno)))")
  }
}
