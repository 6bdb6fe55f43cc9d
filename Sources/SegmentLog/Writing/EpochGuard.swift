import DaybookModel
import Files
import Glibc
import NIOConcurrencyHelpers

/// Whether this opening of the log is still its newest. Asked before the answers of each sync: an
/// owner that was overtaken must not ack again, whatever became of the lock.
final class EpochGuard: Sendable {
  private let folder: LogFolder
  private let manifest: Manifest
  let record: EpochRecord
  private let known: NIOLockedValueBox<Known>

  /// The file that holds this owner's record. It is kept open, for an inode number that is free may
  /// be another file's next.
  private struct Known {
    var identity: FileIdentity
    var file: File?
  }

  /// Writes and syncs the record: from here on every earlier owner is fenced.
  init(_ folder: LogFolder, _ manifest: Manifest, _ record: EpochRecord) throws(FileError) {
    self.folder = folder
    self.manifest = manifest
    self.record = record
    try folder.write(record, manifest.seed)
    let file = try folder.files.open(folder.epochPath, flags: O_RDONLY, mode: 0)
    do throws(FileError) {
      let identity = try folder.files.identity(folder.epochPath)
      // Another owner's file may be in its place by now: then that one is the newest.
      guard case .record(let found) = try folder.epoch(manifest),
        (found.epoch, found.owner) == (record.epoch, record.owner)
      else { throw FileError(number: ESTALE, operation: "begin epoch \(record.epoch)") }
      known = NIOLockedValueBox(Known(identity: identity, file: file))
    } catch {
      folder.files.close(file)
      throw error
    }
  }

  /// A name that no other opening has.
  var owner: String { "\(record.epoch)-\(String(record.owner, radix: 16))" }

  /// For when nobody asks any more.
  func close() {
    known.withLockedValue { known in
      if let file = known.file { folder.files.close(file) }
      known.file = nil
    }
  }

  /// Throws `ESTALE` once another owner has begun an epoch, or what keeps that from being known. A
  /// stat(2) as long as the file is the one that was written; its absence says nothing.
  func check() throws(FileError) {
    let identity: FileIdentity
    do throws(FileError) {
      identity = try folder.files.identity(folder.epochPath)
    } catch {
      if error.number == ENOENT { return }
      throw error
    }
    if known.withLockedValue({ $0.identity == identity }) { return }
    switch try folder.epoch(manifest) {
    case .record(let found):
      guard found.epoch < record.epoch || (found.epoch, found.owner) == (record.epoch, record.owner)
      else { throw overtaken }
    case .missing: break
    // Rot changes no time stamp: somebody has written it, such as one that raised the log.
    case .unknown: throw overtaken
    }
  }

  private var overtaken: FileError {
    FileError(number: ESTALE, operation: "write under epoch \(record.epoch)")
  }
}

extension FileError {
  /// Another owner has opened the log.
  var isFenced: Bool { number == ESTALE }
}
