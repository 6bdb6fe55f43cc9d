import DaybookModel
import Foundation

/// What the log is compared with: a thread for each partition that does nothing but write batches
/// of the same sizes to a file and fdatasync each. The file is zero-filled beforehand, which is
/// what makes the syncs cheapest.
enum BareLoop {
  /// Seconds that all threads took together, from the first write to the last sync.
  static func seconds(folder: String, batchBytes: [[Int]]) throws -> Double {
    let files = try batchBytes.enumerated().map { index, sizes in
      try File(path: "\(folder)/bare-\(index)", sizes: sizes)
    }
    let start = DispatchTime.now().uptimeNanoseconds
    for file in files { Thread { file.run() }.start() }
    for file in files { file.done.wait() }
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    if let fault = files.compactMap(\.fault).first { throw fault }
    return seconds
  }

  private final class File: @unchecked Sendable {
    let sizes: [Int]
    let descriptor: Int32
    let done = DispatchSemaphore(value: 0)
    var fault: DaybookError?

    init(path: String, sizes: [Int]) throws {
      self.sizes = sizes
      descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw BareLoop.fault("open") }
      let zeros = [UInt8](repeating: 0, count: 1 << 20)
      var left = sizes.reduce(0, +)
      while left > 0 {
        let written = write(descriptor, zeros, min(left, zeros.count))
        guard written > 0 else { throw BareLoop.fault("zero-fill") }
        left -= written
      }
      guard fsync(descriptor) == 0 else { throw BareLoop.fault("fsync") }
    }

    deinit { close(descriptor) }

    func run() {
      defer { done.signal() }
      let bytes = [UInt8](repeating: 0x6d, count: sizes.max() ?? 0)
      var at = 0
      for size in sizes {
        guard pwrite(descriptor, bytes, size, off_t(at)) == size, fdatasync(descriptor) == 0 else {
          fault = BareLoop.fault("write or sync")
          return
        }
        at += size
      }
    }
  }

  private static func fault(_ what: String) -> DaybookError {
    DaybookError(
      .storageFailed, "the bare loop could not \(what): \(String(cString: strerror(errno)))")
  }
}
