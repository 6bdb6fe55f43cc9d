import DaybookModel
import Glibc

extension SegmentScan {
  /// The fault at which the scan stopped, up to the next valid header or the last byte that was
  /// written; and what lies there.
  func fault(
    in segment: Segment, of partition: PartitionSegments
  ) throws(DaybookError) -> (fault: LogFault, tail: TailSearch) {
    let reason =
      switch stop {
      case .invalid(let why): why
      case .unwritten, .reached: "nothing was written there"
      }
    do throws(FileError) {
      let file = try partition.files.open(segment.path, flags: O_RDONLY, mode: 0)
      defer { partition.files.close(file) }
      let tail = try TailSearch(
        partition.files, file, partition.log, partition: partition.partition, from: position,
        past: nextOffset)
      let end = tail.usedEnd > position ? tail.usedEnd : try partition.files.size(file)
      let fault = LogFault(
        partition: partition.partition, segment: FileNames.segment(segment.base),
        fromByte: position, toByte: tail.nextHeader?.position ?? max(end, position),
        offset: nextOffset, reason: reason)
      return (fault, tail)
    } catch {
      throw error.asDaybookError
    }
  }
}
