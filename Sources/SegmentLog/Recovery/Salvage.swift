import DaybookModel
import Files
import Glibc
import NIOCore
import Ports

extension PartitionSurvey {
  /// As `SegmentLogReader.salvage`.
  func salvage(
    from offset: Offset, visit: (CommittedBatch, _ from: Offset) throws -> Void
  ) throws -> [LogFault] {
    var walk = SalvageWalk(self, next: offset)
    for segment in segments { try walk.run(segment, visit) }
    if let fault, walk.faults.isEmpty { walk.faults.append(fault) }
    return walk.faults
  }
}

private struct SalvageWalk {
  let survey: PartitionSurvey
  /// The first offset that was not handed out.
  var next: Offset
  var faults: [LogFault] = []

  init(_ survey: PartitionSurvey, next: Offset) {
    self.survey = survey
    self.next = next
  }

  mutating func run(_ segment: Segment, _ visit: (CommittedBatch, _ from: Offset) throws -> Void)
    throws
  {
    var at: (position: UInt64, stop: Offset) = (0, segment.base)
    while let reason = try walk(segment, &at, visit) {
      var fault = LogFault(
        partition: survey.partition, segment: FileNames.segment(segment.base),
        fromByte: at.position, toByte: at.position, offset: at.stop, reason: reason)
      let found = try? nextHeader(segment, at)
      assert(found.map { $0 > at.position } ?? true, "a walk goes on behind what stopped it")
      if let found { (fault.toByte, at.position) = (found, found) }
      // Behind the last batch there are only zeros.
      if found != nil || reason != SalvageWalk.unwritten { faults.append(fault) }
      if found == nil { return }
    }
  }

  private static let unwritten = "nothing was written there"

  /// Up to where it can't go on, and why; nil at the end.
  private mutating func walk(
    _ segment: Segment, _ at: inout (position: UInt64, stop: Offset),
    _ visit: (CommittedBatch, _ from: Offset) throws -> Void
  ) throws -> String? {
    let file: File
    do { file = try survey.files.open(segment.path, flags: O_RDONLY, mode: 0) } catch {
      return "\(error)"
    }
    defer { survey.files.close(file) }
    var cursor = BatchCursor(
      survey.files, file, segment.seed, position: at.position,
      chunkBytes: BatchCursor.resumedChunkBytes)
    while true {
      let step: BatchCursor.Step
      do { step = try cursor.next() } catch { return "\(error)" }
      switch step {
      case .batch(let header, _, let body):
        at = (cursor.position, max(at.stop, header.nextOffset))
        cursor.chunkBytes = BatchCursor.chunkBytes
        guard header.partition == survey.partition else { continue }
        if header.baseOffset >= survey.floor.offset { return nil }
        guard header.nextOffset > next else { continue }
        let from = max(next, header.baseOffset)
        assert(from < header.nextOffset, "what is handed out was not before")
        try visit(header.committed(body), from)
        next = header.nextOffset
      case .unwritten: return SalvageWalk.unwritten
      case .invalid(let reason): return reason
      }
    }
  }

  private func nextHeader(
    _ segment: Segment, _ at: (position: UInt64, stop: Offset)
  ) throws(FileError) -> UInt64? {
    let file = try survey.files.open(segment.path, flags: O_RDONLY, mode: 0)
    defer { survey.files.close(file) }
    // The one that can't be read lies at the position itself.
    var tail = TailSearch(
      seed: segment.seed, partition: survey.partition, from: at.position + 1,
      stop: at.stop.advanced(by: -1), epochMax: Epoch(.max))
    try tail.searchNext(survey.files, file)
    return tail.nextHeader?.position
  }
}
