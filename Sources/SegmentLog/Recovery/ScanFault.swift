import DaybookModel
import Files
import Glibc

extension SegmentScan {
  /// The fault at which the scan stopped, up to the next valid header or the last byte that was
  /// written; and what lies there. `epochMax` is the last epoch that is known.
  func behind(
    in segment: Segment, _ files: any FileSystem, epochMax: Epoch?
  ) throws(FileError) -> (fault: LogFault, tail: TailSearch) {
    let file = try files.open(segment.path, flags: O_RDONLY, mode: 0)
    defer { files.close(file) }
    var tail = TailSearch(
      seed: segment.seed, partition: segment.partition, from: position, stop: nextOffset,
      epochMax: epochMax ?? Epoch(.max))
    try tail.searchAll(files, file)
    let end = tail.usedEnd > position ? tail.usedEnd : try files.size(file)
    let toByte = tail.nextHeader?.position ?? max(end, position)
    assert(toByte >= position, "a fault ends no earlier than it begins")
    return (fault(in: segment, toByte: toByte, reason: reason), tail)
  }

  func fault(in segment: Segment, toByte: UInt64, reason: String) -> LogFault {
    LogFault(
      partition: segment.partition, segment: FileNames.segment(segment.base), fromByte: position,
      toByte: toByte, offset: nextOffset, reason: reason)
  }

  var reason: String {
    switch stop {
    case .invalid(let why): why
    case .unreadable(let error): "\(error)"
    case .unwritten, .reached: "nothing was written there"
    }
  }
}
