import DaybookModel
import Ports

/// Reads a log that another process may be writing. Takes no lock and changes nothing.
package final class SegmentLogReader: LogReader {
  package let logID: String
  package let seal: LogSeal
  let partitions: [PartitionSegments]

  package var partitionCount: Int { partitions.count }

  /// Throws `data_folder_missing`, `permission_denied`, `format_version`, `log_corrupt`.
  package static func open(
    in folder: String, scanner: any EventScanner
  ) throws(DaybookError) -> SegmentLogReader {
    try SegmentLogReader(LogFolder(files: PosixFileSystem(), path: folder), scanner)
  }

  init(_ folder: LogFolder, _ scanner: any EventScanner) throws(DaybookError) {
    let manifest = try folder.manifest()
    logID = manifest.log.hex
    seal = manifest.log.seal
    partitions = (0..<manifest.partitions).map { index in
      PartitionSegments(
        files: folder.files, folder: folder.partition(index), partition: PartitionID(index),
        log: manifest.log, scanner: scanner, writesIndexes: false, segments: [],
        highWatermark: .zero)
    }
    for partition in partitions {
      do throws(FileError) {
        try refresh(partition)
      } catch {
        throw error.asDaybookError
      }
    }
  }

  /// As the owner last stated it: read anew at each call.
  package func highWatermark(of partition: PartitionID) -> Offset {
    let segments = partitions[partition.index]
    // What can't be read now was readable at the opening; the last known statement stands.
    try? refresh(segments)
    return segments.highWatermark
  }

  private func refresh(_ partition: PartitionSegments) throws(FileError) {
    // The owner may write one slot after the other while they are read: then look again.
    for _ in 0..<3 {
      guard
        let slot = try WatermarkFile.read(
          partition.files, folder: partition.folder, partition.log),
        slot.partition == partition.partition
      else { continue }
      // The segment is there before the statement that names it.
      if partition.all.last.map({ $0.base < slot.segmentBase }) ?? true {
        try partition.refreshSegments()
      }
      partition.advance(to: slot.durableOffset)
      return
    }
  }

  package func read(
    _ partition: PartitionID, from offset: Offset, bytesMax: Int
  ) throws(DaybookError) -> [CommittedBatch] {
    try partitions[partition.index].read(from: offset, bytesMax: bytesMax)
  }

  package func events(
    _ partition: PartitionID, at offsets: [Offset]
  ) throws(DaybookError) -> [StoredEvent] {
    try partitions[partition.index].events(at: offsets)
  }

  package func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].postings(
      stream: stream, from: first, through: last, limit: limit)
  }

  package func postings(
    _ partition: PartitionID, stream: UInt64, from first: Seq, through last: Seq, limit: Int,
    isOfStream: (StoredEvent) throws(DaybookError) -> Bool
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].postings(
      stream: stream, from: first, through: last, limit: limit, isOfStream: isOfStream)
  }

  package func postings(
    _ partition: PartitionID, conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try partitions[partition.index].postings(
      conversation: conversation, before: before, limit: limit)
  }

  package func segments(of partition: PartitionID) throws(DaybookError) -> [SegmentInfo] {
    _ = highWatermark(of: partition)
    return try partitions[partition.index].info()
  }
}
