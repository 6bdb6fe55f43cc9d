import DaybookModel
import Foundation

/// What the log is compared with: batches of the same sizes, written to one file a partition and
/// each followed by fdatasync, with nothing else done.
struct BareLoop {
  /// In order of commit: which file, how many bytes.
  var batches: [(file: Int, bytes: Int)]
  var files: Int

  /// One loop that appends to growing files, as a program without any preparation does. Seconds.
  func plain(folder: String) throws -> Double {
    let files = try (0..<files).map { try File(path: "\(folder)/plain-\($0)", zeros: 0) }
    let clock = ContinuousClock()
    let bytes = [UInt8](repeating: 0x6d, count: largest)
    return try clock.measure {
      for batch in batches { try files[batch.file].append(bytes, batch.bytes) }
    }.seconds
  }

  /// A thread for each file, and the files zero-filled beforehand, which makes syncs cheapest: as
  /// much as the disk gives. Seconds, without the preparation.
  func prepared(folder: String) throws -> Double {
    let sizes = (0..<files).map { file in batches.filter { $0.file == file }.map(\.bytes) }
    let writers = try sizes.enumerated().map { index, sizes in
      Writer(
        file: try File(path: "\(folder)/prepared-\(index)", zeros: sizes.reduce(0, +)),
        sizes: sizes)
    }
    return try ContinuousClock().measure {
      for writer in writers { Thread { writer.run() }.start() }
      for writer in writers { writer.done.wait() }
      if let fault = writers.compactMap(\.fault).first { throw fault }
    }.seconds
  }

  private var largest: Int { batches.map(\.bytes).max() ?? 0 }

  /// `@unchecked Sendable`: written by its one thread, and read once that has said that it is done.
  private final class Writer: @unchecked Sendable {
    let file: File
    let sizes: [Int]
    let done = DispatchSemaphore(value: 0)
    var fault: DaybookError?

    init(file: File, sizes: [Int]) {
      self.file = file
      self.sizes = sizes
    }

    func run() {
      defer { done.signal() }
      let bytes = [UInt8](repeating: 0x6d, count: sizes.max() ?? 0)
      do throws(DaybookError) {
        for size in sizes { try file.append(bytes, size) }
      } catch {
        fault = error
      }
    }
  }

  private final class File {
    private let descriptor: Int32
    private var at = 0

    init(path: String, zeros: Int) throws(DaybookError) {
      descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw File.fault("open") }
      let block = [UInt8](repeating: 0, count: 1 << 20)
      var left = zeros
      while left > 0 {
        let written = write(descriptor, block, min(left, block.count))
        guard written > 0 else { throw File.fault("zero-fill") }
        left -= written
      }
      guard fsync(descriptor) == 0 else { throw File.fault("fsync") }
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8], _ count: Int) throws(DaybookError) {
      guard pwrite(descriptor, bytes, count, off_t(at)) == count, fdatasync(descriptor) == 0 else {
        throw File.fault("write or sync")
      }
      at += count
    }

    private static func fault(_ what: String) -> DaybookError {
      DaybookError(
        .storageFailed, "the bare loop could not \(what): \(String(cString: strerror(errno)))")
    }
  }
}

extension Duration {
  fileprivate var seconds: Double { self / .seconds(1) }
}
