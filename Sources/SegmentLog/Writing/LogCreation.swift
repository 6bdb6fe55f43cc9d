import DaybookModel
import Files
import Glibc

extension LogFolder {
  /// Makes an empty log. Throws `data_folder_exists` if there is a log already.
  func create(
    partitions: Int, options: SegmentLogOptions, as given: Manifest? = nil
  ) throws(DaybookError) {
    guard (1...Limits.partitionsMax).contains(partitions) else {
      throw DaybookError(
        .invalidArgument, "a log has 1 to \(Limits.partitionsMax) partitions, not \(partitions)")
    }
    let manifest = given ?? Manifest(partitions: partitions)
    do throws(FileError) {
      if try files.exists("\(path)/\(Manifest.name)") {
        throw FileError(number: EEXIST, operation: "make \(path)")
      }
      try makeFolder(path)
      for index in 0..<partitions {
        try makeFolder(partition(index))
        let slot = WatermarkSlot(
          counter: 0, partition: PartitionID(index), epoch: Epoch(0), durableOffset: .zero,
          segmentBase: .zero, position: 0, branch: manifest.branch.prefix)
        try WatermarkFile.make(
          files, folder: partition(index), manifest.seed, slot, by: "new"
        ).close()
      }
      try write(EpochRecord(epoch: Epoch(0), branch: manifest.branch), manifest.seed)
      try makeReserve(options.reserveBytes)
      // Last: a folder with a manifest is a whole log.
      try write(manifest)
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
}
