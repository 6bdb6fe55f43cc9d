import DaybookModel
import Glibc
import Ports

/// The folder of a log: what is in it beside the partitions.
struct LogFolder {
  let files: any FileSystem
  let path: String

  func partition(_ index: Int) -> String { "\(path)/\(index)" }

  /// Throws `data_folder_exists` if there is a log already.
  func create(partitions: Int, options: SegmentLogOptions) throws(DaybookError) {
    guard (1...Limits.partitionsMax).contains(partitions) else {
      throw DaybookError(
        .invalidArgument, "a log has 1 to \(Limits.partitionsMax) partitions, not \(partitions)")
    }
    let manifest = Manifest(partitions: partitions, log: .random())
    do throws(FileError) {
      if try files.exists("\(path)/\(Manifest.name)") {
        throw FileError(number: EEXIST, operation: "make \(path)")
      }
      try makeFolder(path)
      for index in 0..<partitions {
        try makeFolder(partition(index))
        try WatermarkFile.make(
          files, folder: partition(index), manifest.log, partition: PartitionID(index))
      }
      try write(Epoch(0), manifest.log)
      try makeReserve(options.reserveBytes)
      // Last: a folder with a manifest is a whole log.
      try files.makeDurably(Manifest.name, in: path, bytes: Array(manifest.text.utf8))
    } catch {
      if error.number == EEXIST {
        throw DaybookError(
          .dataFolderExists, "there is a log in \(path) already: open it, or use another folder")
      }
      throw error.asDaybookError
    }
  }

  private func makeFolder(_ path: String) throws(FileError) {
    do throws(FileError) {
      try files.makeFolder(path)
    } catch  where error.number == EEXIST {
      // Left by a making that was cut short.
    }
    let parent = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? "."
    try files.sync(folder: parent.isEmpty ? "/" : parent)
  }

  func manifest() throws(DaybookError) -> Manifest {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try files.contents(of: "\(path)/\(Manifest.name)", bytesMax: Manifest.byteCountMax)
    } catch {
      throw error.asDaybookError
    }
    return try Manifest(parsing: bytes)
  }

  /// Nil where the file is missing or can't be read as this log's.
  func epoch(_ log: LogID) throws(FileError) -> Epoch? {
    do throws(FileError) {
      let bytes = try files.contents(
        of: "\(path)/\(EpochRecord.name)", bytesMax: EpochRecord.byteCount)
      return EpochRecord.decode(bytes, log)
    } catch  where error.number == ENOENT || error.number == EFBIG {
      return nil
    }
  }

  func write(_ epoch: Epoch, _ log: LogID) throws(FileError) {
    try files.makeDurably(EpochRecord.name, in: path, bytes: EpochRecord.encode(epoch, log))
  }

  // MARK: Reserve

  private var reserve: String { "\(path)/\(FileNames.reserve)" }

  /// Room that is given back when a full disk leaves none for opening the log.
  func makeReserve(_ bytes: Int) throws(FileError) {
    if try files.exists(reserve) { return }
    let temporary = reserve + FileNames.temporarySuffix
    let file = try files.open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o640)
    do throws(FileError) {
      defer { files.close(file) }
      try files.allocate(file, bytes: UInt64(bytes))
    } catch {
      try? files.remove(temporary)
      throw error
    }
    try files.rename(temporary, to: reserve)
  }

  /// False where it was given back before.
  func releaseReserve() -> Bool {
    do throws(FileError) {
      try files.remove(reserve)
      try files.sync(folder: path)
      return true
    } catch {
      return false
    }
  }
}
