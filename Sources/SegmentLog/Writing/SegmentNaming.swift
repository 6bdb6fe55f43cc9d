import DaybookModel
import Files
import Glibc
import Logging

/// The moment at which a file that was made ready becomes a partition's next segment.
struct SegmentNaming {
  let segments: PartitionSegments
  let epoch: Epoch
  /// Where the segment begins.
  let next: Offset
  let logger: Logger
  /// Throws where another owner has opened the log since.
  let checkEpoch: () throws(FileError) -> Void

  private var files: any FileSystem { segments.files }

  /// Gives a file the segment's name, and makes that durable. Nothing is ever renamed over a segment.
  func name(
    _ prepared: PreparedFile, _ segment: Segment, in folder: File
  ) throws(FileError) {
    do throws(FileError) {
      do throws(FileError) {
        try files.renameIfAbsent(prepared.path, to: segment.path)
      } catch {
        guard error.number == EEXIST else { throw error }
        try setAside(segment.path)
        try files.renameIfAbsent(prepared.path, to: segment.path)
      }
    } catch {
      files.close(prepared.file)
      try? files.remove(prepared.path)
      throw error
    }
    do throws(FileError) {
      if !Mutant.leavesOut(.folderSync) { try files.sync(folder) }
    } catch {
      files.close(prepared.file)
      // Whether the name is there is not known: no batch may go on in the segment before it.
      throw FileError(number: EIO, operation: "roll: \(error)")
    }
  }

  /// A file with the next segment's name holds nothing that was ever acked: it is one that an earlier
  /// owner began, and either found no batch for or wrote to after it was fenced.
  private func setAside(_ path: String) throws(FileError) {
    try checkEpoch()
    let aside = "\(path).epoch-\(epoch)\(FileNames.cutSuffix)"
    if (try? files.identity(aside)) != nil {
      throw FileError(number: EEXIST, operation: "set aside as \(aside)")
    }
    try files.rename(path, to: aside)
    do throws(FileError) { try checkEpoch() } catch {
      // A newer owner has put its own there since, or taken what was there into the log. One that
      // begins its epoch only now looks at the folder after that, and finds it as it is.
      try files.renameIfAbsent(aside, to: path)
      try files.sync(folder: segments.folder)
      throw error
    }
    if segments.all.last?.base == next {
      // The survey found nothing in it.
      try files.remove(aside)
      segments.removeLast()
    } else {
      logger.notice(
        """
        partition \(segments.partition): a segment that an earlier owner began, of which nothing was \
        acked, was set aside as \(aside)
        """, metadata: ["path": "\(aside)"])
    }
  }
}
