import DaybookModel
import Files
import Glibc

/// What reading everything has shown.
package struct VerifyReport: Equatable, Sendable {
  /// Events in valid batches.
  package var events = 0
  package var partitions = 0
  package var faults: [LogFault] = []
  package var ok: Bool { faults.isEmpty }
}

/// How far a verification is, in bytes of the segments that there were when it began.
package struct VerifyProgress: Equatable, Sendable {
  package var done: UInt64
  package var total: UInt64
}

extension [PartitionSurvey] {
  /// As `SegmentLogReader.verify`.
  func verify(
    partitions wanted: [PartitionID]?, progress: (VerifyProgress) -> Void
  ) throws(DaybookError) -> VerifyReport {
    let ids = wanted ?? indices.map { PartitionID($0) }
    if let none = ids.first(where: { $0.index >= count }) {
      throw DaybookError(
        .invalidArgument, "there is no partition \(none): the log has \(count)")
    }
    let sizes = ids.map { self[$0.index].segmentBytes }
    var reached = VerifyProgress(done: 0, total: sizes.reduce(0) { $0 + $1.values.reduce(0, +) })
    var report = VerifyReport()
    for (id, sizes) in zip(ids, sizes) {
      var verification = PartitionVerification(self[id.index])
      let before = reached.done
      try verification.run { base in
        reached.done += sizes[base] ?? 0
        progress(reached)
      }
      // Those that could not be gone through are done with, too.
      assert(reached.done <= before + sizes.values.reduce(0, +), "no segment is counted twice")
      reached.done = before + sizes.values.reduce(0, +)
      progress(reached)
      report.partitions += 1
      report.events += verification.events
      report.faults += verification.faults
    }
    assert(reached.done == reached.total, "all that there was is done with")
    return report
  }
}

extension PartitionSurvey {
  /// By their base offsets: of the last one what is used, of the others what the file has. One that
  /// can't be looked at counts nothing.
  fileprivate var segmentBytes: [Offset: UInt64] {
    var sizes: [Offset: UInt64] = [:]
    for segment in segments {
      if let last, last.segment.base == segment.base {
        sizes[segment.base] = max(last.scan.position, behind?.tail.usedEnd ?? 0)
      } else {
        sizes[segment.base] = (try? files.identity(segment.path).bytes) ?? 0
      }
    }
    return sizes
  }
}

/// Goes through one partition's segments in order.
private struct PartitionVerification {
  private let survey: PartitionSurvey
  private let partition: PartitionSegments
  private(set) var events = 0
  private(set) var faults: [LogFault] = []
  /// Nil behind a fault, where the chain can't be followed.
  private var chain: UInt32? = 0
  private var epoch = Epoch(0)
  private var expected = PartitionSegments.startOffset
  /// Up to where everything must be right; what lies behind is being written, or was never acked.
  private var high: Offset { partition.highWatermark }

  init(_ survey: PartitionSurvey) {
    self.survey = survey
    partition = survey.viewBeside(survey.segments, highWatermark: survey.floor.offset)
  }

  /// `progress` is told the base offset of each segment that it has gone through.
  mutating func run(_ progress: (Offset) -> Void) throws(DaybookError) {
    do throws(FileError) { try partition.refreshSegments() } catch {
      if error.isOutOfFiles { throw error.asDaybookError }
      return add(fault(in: "", at: .zero, "\(error)"))
    }
    // Read after the listing: a segment is begun only once all before it is stated durable.
    try readWatermark()
    assert(
      survey.floor.offset <= high, "all that anybody has stated to be durable is to be verified")
    let segments = partition.all
    for (at, segment) in segments.enumerated() {
      guard segment.base <= high else {
        let name = FileNames.segment(segment.base)
        add(
          fault(
            in: name, at: segment.base, "the segment lies past the log's end at offset \(high)"))
        continue
      }
      if segment.base != expected { missing(before: segment) }
      expected = segment.base
      try verify(segment, next: at + 1 < segments.count ? segments[at + 1] : nil)
      progress(segment.base)
    }
    if expected < high, faults.isEmpty {
      add(
        fault(
          in: FileNames.segment(expected), at: expected,
          "the log ends at offset \(expected), yet \(survey.floor.by) states that it was durable "
            + "up to \(high)"))
    }
  }

  private mutating func readWatermark() throws(DaybookError) {
    var statement = survey.watermark
    do throws(FileError) {
      for _ in 0..<3 {
        statement = try WatermarkStatement.read(
          partition.files, folder: partition.folder, partition.seeds,
          partition: partition.partition)
        if statement.slot != nil { break }
      }
    } catch {
      throw error.asDaybookError
    }
    switch statement {
    case .stated(let slot): partition.advance(to: slot.durableOffset)
    case .unknown(let reason):
      var fault = fault(in: FileNames.watermark, at: .zero, reason)
      fault.toByte = UInt64(WatermarkSlot.fileBytes)
      add(fault)
      // All that there is, then, is to be right.
      partition.advance(to: survey.end)
    }
  }

  private mutating func missing(before segment: Segment) {
    add(
      fault(
        in: FileNames.segment(expected), at: expected,
        "offsets \(expected) up to \(segment.base) are in no segment"))
    chain = nil
  }

  private func fault(in file: String, at offset: Offset, _ reason: String) -> LogFault {
    LogFault(
      partition: partition.partition, segment: file, fromByte: 0, toByte: 0, offset: offset,
      reason: reason)
  }

  /// One after the other of the same kind are one.
  private mutating func add(_ fault: LogFault) {
    guard let last = faults.last, last.segment == fault.segment, last.kind == fault.kind else {
      faults.append(fault)
      return
    }
    faults[faults.count - 1].toByte = fault.toByte
    faults[faults.count - 1].count += 1
  }

  private mutating func verify(_ segment: Segment, next: Segment?) throws(DaybookError) {
    let end = next.map { min($0.base, max(high, segment.base)) } ?? high
    var start: SegmentScan.Start?
    while true {
      let scan = try SegmentScan(
        segment, of: partition, chainBefore: chain, epoch: epoch, from: start, end: end)
      events += scan.events
      expected = scan.nextOffset
      epoch = scan.source.facts.lastEpoch
      chain = scan.source.facts.chainAfter
      if scan.stop == .reached, scan.nextOffset == end {
        if let next {
          try checkBehind(scan, segment, next)
          if start == nil { try checkIndex(scan, segment) }
        }
        return
      }
      let tail = try tail(behind: scan, segment)
      add(
        scan.fault(
          in: segment, toByte: tail?.nextHeader?.position ?? tail?.usedEnd ?? scan.position,
          reason: scan.reason))
      chain = nil
      guard let resume = tail?.nextHeader, resume.header.baseOffset < end else {
        expected = end
        return
      }
      assert(
        resume.position >= scan.position && resume.header.baseOffset > scan.nextOffset,
        "verifying goes on behind the fault")
      start = SegmentScan.Start(position: resume.position, offset: resume.header.baseOffset)
    }
  }

  /// Up to the next valid header; nil where nothing can be read any more.
  private func tail(
    behind scan: SegmentScan, _ segment: Segment
  ) throws(DaybookError) -> TailSearch? {
    do throws(FileError) {
      let file = try partition.files.open(segment.path, flags: O_RDONLY, mode: 0)
      defer { partition.files.close(file) }
      var tail = TailSearch(
        seed: segment.seed, partition: segment.partition, from: scan.position,
        stop: scan.nextOffset, epochMax: Epoch(.max))
      try tail.searchNext(partition.files, file)
      return tail
    } catch {
      if error.isOutOfFiles { throw error.asDaybookError }
      return nil
    }
  }

  /// A closed segment holds nothing behind its last batch but zeros. Where another owner began the
  /// next one, what is there may be what this one's wrote after it was fenced, whole or torn: nobody
  /// was told of it.
  private mutating func checkBehind(
    _ scan: SegmentScan, _ segment: Segment, _ next: Segment
  ) throws(DaybookError) {
    guard let tail = try tail(behind: scan, segment), tail.usedEnd > scan.position,
      try !isOfLaterOwner(next)
    else { return }
    add(
      scan.fault(
        in: segment, toByte: tail.usedEnd, reason: "bytes lie behind the segment's last batch"))
  }

  /// Than the last batch's that was read.
  private func isOfLaterOwner(_ next: Segment) throws(DaybookError) -> Bool {
    do throws(FileError) {
      let file = try partition.files.open(next.path, flags: O_RDONLY, mode: 0)
      defer { partition.files.close(file) }
      guard case .header(let first) = try partition.files.header(in: file, at: 0, next.seed)
      else { return false }
      return first.partition == next.partition && first.epoch > epoch
    } catch {
      if error.isOutOfFiles { throw error.asDaybookError }
      return false
    }
  }

  /// A missing index is no fault: it is made anew when somebody needs it.
  private mutating func checkIndex(
    _ scan: SegmentScan, _ segment: Segment
  ) throws(DaybookError) {
    let right = IndexBuilder.build(scan.source, segment.seed)
    let stored: [UInt8]
    var why = "the index does not agree with its segment"
    do throws(FileError) {
      stored = try partition.files.contents(of: segment.indexPath, bytesMax: right.count)
    } catch {
      if error.number == ENOENT { return }
      if error.isOutOfFiles { throw error.asDaybookError }
      if error.number != EFBIG { why = "\(error)" }
      stored = []
    }
    if stored == right { return }
    let first = zip(stored, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    var fault = fault(
      in: FileNames.index(segment.base), at: segment.base, "\(why): delete it, it is made anew")
    fault.fromByte = UInt64(first ?? min(stored.count, right.count))
    fault.toByte = UInt64(right.count)
    add(fault)
  }
}

extension LogFault {
  /// The reason without its numbers.
  fileprivate var kind: String { String(reason.filter { !$0.isNumber }) }
}
