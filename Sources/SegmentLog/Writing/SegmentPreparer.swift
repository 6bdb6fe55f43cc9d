import Atomics
import DaybookModel
import Files
import Glibc
import NIOConcurrencyHelpers

/// A file ready to become a segment: made under a temporary name, durable, all zero.
struct PreparedFile: Sendable {
  let path: String
  let file: File
  let capacity: UInt64
}

/// Has a partition's next segment ready before the present one is full. Where there is time, zeros
/// are written, not only allocated: a sync of written blocks need not change the file's extents.
final class SegmentPreparer: Sendable {
  /// A sync of little at a time lets the writers' syncs in between.
  private static let syncBytes: UInt64 = 8 << 20

  private let files: any FileSystem
  private let background: BackgroundWork
  private let folder: String
  private let epoch: Epoch
  private let ready = NIOLockedValueBox<PreparedFile?>(nil)
  /// Each file has a name of its own: one may be renamed while the next is being made, also by an
  /// owner that has been overtaken.
  private let made = ManagedAtomic(0)

  init(_ files: any FileSystem, _ background: BackgroundWork, folder: String, epoch: Epoch) {
    self.files = files
    self.background = background
    self.folder = folder
    self.epoch = epoch
  }

  /// Begins to make the next file ready, unless one is.
  func prepare(capacity: UInt64, zeroFilled: Bool) {
    background.enqueue { [self] in
      // A failure shows when the writer, having none ready, makes the file itself.
      guard ready.withLockedValue({ $0 == nil }),
        let prepared = try? make(capacity: capacity, zeroFilled: zeroFilled)
      else { return }
      ready.withLockedValue { $0 = prepared }
    }
  }

  /// What is ready if `bytes` fit into it, or a file made on the spot: with `preferred` room, or
  /// where the disk has less, half of that and again, down to `atLeast`.
  func take(
    for bytes: UInt64, atLeast least: UInt64, preferred: UInt64
  ) throws(FileError) -> PreparedFile {
    precondition(bytes <= least && least <= preferred)
    let prepared = ready.withLockedValue { ready in
      defer { ready = nil }
      return ready
    }
    if let prepared {
      if prepared.capacity >= bytes { return prepared }
      files.close(prepared.file)
      try files.remove(prepared.path)
    }
    var capacity = preferred
    while true {
      do throws(FileError) {
        return try make(capacity: capacity, zeroFilled: false)
      } catch {
        guard error.isFull, capacity > least else { throw error }
        capacity = max(least, capacity / 2)
      }
    }
  }

  /// Call once the background has stopped.
  func discard() {
    ready.withLockedValue { ready in
      if let prepared = ready {
        files.close(prepared.file)
        try? files.remove(prepared.path)
      }
      ready = nil
    }
  }

  private func make(capacity: UInt64, zeroFilled: Bool) throws(FileError) -> PreparedFile {
    let number = made.loadThenWrappingIncrement(ordering: .relaxed)
    let path = "\(folder)/next-\(epoch)-\(number)\(TemporaryName.suffix)"
    let file = try files.open(path, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o640)
    do throws(FileError) {
      try files.allocate(file, bytes: capacity)
      if zeroFilled { try fill(file, capacity) }
      try files.syncData(file)
    } catch {
      files.close(file)
      try? files.remove(path)
      throw error
    }
    return PreparedFile(path: path, file: file, capacity: capacity)
  }

  private func fill(_ file: File, _ capacity: UInt64) throws(FileError) {
    var position: UInt64 = 0
    while position < capacity {
      let end = min(position + SegmentPreparer.syncBytes, capacity)
      try files.zero(file, from: position, to: end)
      if end < capacity { try files.syncData(file) }
      position = end
    }
  }
}
