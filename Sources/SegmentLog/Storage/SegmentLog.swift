import DaybookModel
import NIOCore
import Ports

/// The embedded log: one folder, one owner, files as `schemas/log-format.md` draws them.
package final class SegmentLog: LogPort {
  package let epoch: Epoch
  package let logID: String
  package let seal: LogSeal
  /// What opening found and did, for the operator's eyes.
  package let findings: [RecoveryFinding]
  let partitions: [Partition]
  private let folder: LogFolder
  private let background: BackgroundWork

  struct Partition: Sendable {
    let segments: PartitionSegments
    /// Nil where the partition is served read-only.
    let writer: PartitionWriter?
    let preparer: SegmentPreparer?
  }

  package var batchHeaderBytes: Int { BatchHeader.byteCount }
  package var partitionCount: Int { partitions.count }

  /// Makes an empty log. Throws `data_folder_exists`, `data_folder_missing` (the folder around
  /// it), `permission_denied`, `storage_full`.
  package static func create(
    in folder: String, partitions: Int, options: SegmentLogOptions = SegmentLogOptions()
  ) throws(DaybookError) {
    try LogFolder(files: PosixFileSystem(), path: folder).create(
      partitions: partitions, options: options)
  }

  /// Opens a log for its one owner, who holds the data folder's `FolderLock`: recovers each
  /// partition, writes and syncs the next epoch. Partitions with corruption are served read-only
  /// (`findings`). Throws `data_folder_missing`, `permission_denied`, `format_version`,
  /// `epoch_fenced`, `log_corrupt` (the manifest), `storage_full`, `storage_failed`.
  package static func open(
    in folder: String, options: SegmentLogOptions = SegmentLogOptions(),
    scanner: any EventScanner
  ) throws(DaybookError) -> SegmentLog {
    try open(in: folder, options: options, scanner: scanner, files: PosixFileSystem())
  }

  static func open(
    in folder: String, options: SegmentLogOptions, scanner: any EventScanner,
    files: any FileSystem, threads: any LogThreads = OwnThreads()
  ) throws(DaybookError) -> SegmentLog {
    let folder = LogFolder(files: files, path: folder)
    let manifest = try folder.manifest()
    while true {
      do throws(DaybookError) {
        return try SegmentLog(folder, manifest, options, scanner, threads)
      } catch {
        // Opening needs little room: the reserve is for this.
        guard error.code == .storageFull, folder.releaseReserve() else { throw error }
      }
    }
  }

  private init(
    _ folder: LogFolder, _ manifest: Manifest, _ options: SegmentLogOptions,
    _ scanner: any EventScanner, _ threads: any LogThreads
  ) throws(DaybookError) {
    let epoch: Epoch
    do throws(FileError) {
      epoch = Epoch(try SegmentLog.lastEpoch(folder, manifest).rawValue + 1)
      // Before anything states it: an opening that fails further on must not fence the next.
      try folder.write(epoch, manifest.log)
    } catch {
      throw error.asDaybookError
    }
    var findings: [RecoveryFinding] = []
    var outcomes: [PartitionRecovery.Outcome] = []
    do throws(DaybookError) {
      for index in 0..<manifest.partitions {
        var recovery = PartitionRecovery(
          files: folder.files, folder: folder.partition(index), partition: PartitionID(index),
          log: manifest.log, scanner: scanner, epoch: epoch, options: options)
        outcomes.append(try recovery.run())
        findings += outcomes[index].findings
      }
    } catch {
      for outcome in outcomes { outcome.start?.close(folder.files) }
      throw error
    }
    // Without room for it the log is open all the same.
    try? folder.makeReserve(options.reserveBytes)
    let background = BackgroundWork(name: "log-background", threads)
    self.folder = folder
    self.epoch = epoch
    self.logID = manifest.log.hex
    self.seal = manifest.log.seal
    self.findings = findings
    self.background = background
    let epochOnDisk: @Sendable () throws(FileError) -> Epoch? = { () throws(FileError) in
      do throws(FileError) { return try folder.epoch(manifest.log) } catch {
        // Too many open files say nothing of the disk: the writer looks again later.
        if error.isOutOfFiles { throw error }
        return nil
      }
    }
    partitions = outcomes.map { outcome in
      guard let start = outcome.start else {
        return Partition(segments: outcome.segments, writer: nil, preparer: nil)
      }
      let preparer = SegmentPreparer(
        folder.files, background, folder: outcome.segments.folder)
      let writer = PartitionWriter(
        start, segments: outcome.segments, preparer: preparer, background: background,
        options: options, epoch: epoch, threads: threads, epochOnDisk: epochOnDisk)
      return Partition(segments: outcome.segments, writer: writer, preparer: preparer)
    }
  }

  /// Where the epoch file is missing, the watermarks know the epochs that wrote.
  private static func lastEpoch(
    _ folder: LogFolder, _ manifest: Manifest
  ) throws(FileError) -> Epoch {
    if let epoch = try folder.epoch(manifest.log) { return epoch }
    var last = Epoch(0)
    for index in 0..<manifest.partitions {
      let slot = try WatermarkFile.read(
        folder.files, folder: folder.partition(index), manifest.log)
      last = max(last, slot?.epoch ?? last)
    }
    return last
  }

  /// Writes and syncs what was appended, ends the log's threads. Later appends are refused.
  package func close() {
    for partition in partitions {
      partition.writer?.close()
      let segments = partition.segments
      if partition.writer != nil { background.enqueue { IndexSealing.sealClosed(segments) } }
    }
    background.stop()
    for partition in partitions { partition.preparer?.discard() }
  }

  package func append(
    _ batch: AppendBatch, to partition: PartitionID,
    completion: @escaping @Sendable (Result<CommittedBatch, DaybookError>) -> Void
  ) {
    if let writer = partitions[partition.index].writer {
      writer.append(PartitionWriter.Pending(batch: batch, completion: completion))
      return
    }
    let high = highWatermark(of: partition)
    background.enqueue {
      completion(
        .failure(
          DaybookError(
            .partitionReadOnly,
            "partition \(partition) is corrupt past offset \(high) and served read-only: "
              + "run daybook log verify, restore the segment it names")))
    }
  }
}
