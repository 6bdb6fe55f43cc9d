import DaybookModel
import Files

/// The last segment, the only one that may end in a torn tail. What lies behind its last whole batch
/// is torn if nobody states that anything from there on was durable: then it may be cut. If anybody
/// does, it is rot, and nothing is.
extension PartitionSurvey {
  /// Reads the last segment as far as it is right, then what lies behind.
  mutating func checkLast(
    after previous: SegmentFacts?, epochMax: Epoch?
  ) throws(DaybookError) {
    guard let segment = segments.last else { return }
    let scan = try SegmentScan(
      segment, of: view(segments, highWatermark: .zero), chainBefore: previous?.chainAfter ?? 0,
      epoch: previous?.lastEpoch ?? Epoch(0))
    last = (segment, scan)
    witness(scan, of: segment)
    floor.state(scan.durableStated, by: "a batch in \(FileNames.segment(segment.base))")
    if case .unreadable(let error) = scan.stop {
      var found = scan.fault(in: segment, toByte: scan.position, reason: "\(error)")
      found.offset = durableEnd
      fault = found
      return
    }
    let found = try reading(from: scan.nextOffset) { () throws(FileError) in
      try scan.behind(in: segment, files, epochMax: epochMax)
    }
    switch found {
    case .failure(var found):
      found.offset = durableEnd
      fault = found
    case .success(let found):
      assert(
        found.fault.offset == scan.nextOffset && found.tail.usedEnd >= scan.position,
        "a tail lies behind the last whole batch")
      behind = found
      floor.state(
        found.tail.durableStated, by: "a later batch in \(FileNames.segment(segment.base))")
      if endsBelowFloor {
        var rot = found.fault
        rot.reason += yetStated
        fault = rot
      }
    }
  }

  var endsBelowFloor: Bool { floor.offset > end && !Mutant.leavesOut(.floor) }

  /// Everything that is there is whole, and yet there should be more.
  func missingEnd() -> LogFault {
    LogFault(
      partition: partition, segment: FileNames.segment(segments.last?.base ?? .zero),
      fromByte: facts?.bytesUsed ?? 0, toByte: facts?.bytesUsed ?? 0, offset: end,
      reason: (segments.isEmpty ? "there is no segment" : "the log ends there") + yetStated)
  }

  private var yetStated: String {
    "; yet \(floor.by) states that it was durable up to offset \(floor.offset)"
  }
}
