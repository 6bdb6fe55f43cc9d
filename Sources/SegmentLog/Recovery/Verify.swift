import DaybookModel
import Glibc

/// What reading everything has shown.
package struct VerifyReport: Equatable, Sendable {
  /// Events in valid batches.
  package var events = 0
  package var partitions = 0
  package var faults: [LogFault] = []
  package var ok: Bool { faults.isEmpty }
}

extension SegmentLogReader {
  /// Reads all segments of the partitions (all where nil) up to their high watermarks: checksums,
  /// offsets, epochs and the chain, across batches and segments, and whether indexes agree.
  /// Works beside a running owner. `progress` is told the events verified so far after each
  /// segment. Throws only for what can't be read; corruption is in the report.
  package func verify(
    partitions wanted: [PartitionID]? = nil, progress: (_ events: Int) -> Void = { _ in }
  ) throws(DaybookError) -> VerifyReport {
    var report = VerifyReport()
    for id in wanted ?? (0..<partitionCount).map({ PartitionID($0) }) {
      guard id.index < partitionCount else {
        throw DaybookError(
          .invalidArgument, "there is no partition \(id): the log has \(partitionCount)")
      }
      var verification = PartitionVerification(partitions[id.index])
      try verification.run { progress(report.events + $0) }
      report.partitions += 1
      report.events += verification.events
      report.faults += verification.faults
    }
    return report
  }
}

/// Goes through one partition's segments in order.
private struct PartitionVerification {
  private let partition: PartitionSegments
  private(set) var events = 0
  private(set) var faults: [LogFault] = []
  /// Nil behind a fault, where the chain can't be followed.
  private var chain: UInt32? = 0
  private var epoch = Epoch(0)
  private var expected = Offset.zero

  init(_ partition: PartitionSegments) {
    self.partition = partition
  }

  mutating func run(_ progress: (Int) -> Void) throws(DaybookError) {
    let high = try statedEnd()
    do throws(FileError) { try partition.refreshSegments() } catch { throw error.asDaybookError }
    let segments = partition.all.filter { segment in high.map { segment.base < $0 } ?? true }
    for (at, segment) in segments.enumerated() {
      if segment.base != expected { missing(before: segment) }
      expected = segment.base
      let next = at + 1 < segments.count ? segments[at + 1].base : nil
      try verify(segment, next: next, high)
      progress(events)
    }
    if let high, expected < high, faults.isEmpty {
      faults.append(
        LogFault(
          partition: partition.partition, segment: FileNames.segment(expected), fromByte: 0,
          toByte: 0, offset: expected,
          reason: "the log ends at offset \(expected), yet was stated durable up to \(high)"))
    }
  }

  /// As the watermark file says; nil, and a fault, where it doesn't.
  private mutating func statedEnd() throws(DaybookError) -> Offset? {
    var failure: FileError?
    for _ in 0..<3 {
      do throws(FileError) {
        let slot = try WatermarkFile.read(
          partition.files, folder: partition.folder, partition.log)
        if let slot, slot.partition == partition.partition {
          partition.advance(to: slot.durableOffset)
          return slot.durableOffset
        }
      } catch {
        guard error.number == ENOENT || error.number == EFBIG else { throw error.asDaybookError }
        failure = error
      }
    }
    faults.append(
      LogFault(
        partition: partition.partition, segment: FileNames.watermark, fromByte: 0,
        toByte: UInt64(WatermarkSlot.fileBytes), offset: .zero,
        reason: failure.map { "\($0)" } ?? "neither of its slots is valid"))
    return nil
  }

  private mutating func missing(before segment: Segment) {
    faults.append(
      LogFault(
        partition: partition.partition, segment: FileNames.segment(expected), fromByte: 0,
        toByte: 0, offset: expected,
        reason: "offsets \(expected) up to \(segment.base) are in no segment"))
    chain = nil
  }

  private mutating func verify(
    _ segment: Segment, next: Offset?, _ high: Offset?
  ) throws(DaybookError) {
    let end = next ?? high
    var start: SegmentScan.Start?
    while true {
      let scan = try SegmentScan(
        segment, of: partition, chainBefore: chain, epoch: epoch, from: start, end: end)
      events += scan.events
      expected = scan.nextOffset
      epoch = scan.source.facts.lastEpoch
      chain = scan.source.facts.chainAfter
      let isEnd = scan.stop == .reached || (scan.stop == .unwritten && end == nil)
      if isEnd, end.map({ $0 == scan.nextOffset }) ?? true {
        if next != nil {
          try checkBehind(scan, segment)
          if start == nil { try checkIndex(scan, segment) }
        }
        return
      }
      let (fault, tail) = try scan.fault(in: segment, of: partition)
      faults.append(fault)
      chain = nil
      guard let resume = tail.nextHeader, end.map({ resume.header.baseOffset < $0 }) ?? true
      else {
        expected = end ?? scan.nextOffset
        return
      }
      start = SegmentScan.Start(position: resume.position, offset: resume.header.baseOffset)
    }
  }

  /// A closed segment holds nothing but zeros behind its last batch.
  private mutating func checkBehind(
    _ scan: SegmentScan, _ segment: Segment
  ) throws(DaybookError) {
    var (fault, tail) = try scan.fault(in: segment, of: partition)
    guard tail.usedEnd > scan.position else { return }
    fault.toByte = tail.usedEnd
    fault.reason = "bytes lie behind the segment's last batch"
    faults.append(fault)
  }

  /// A missing index is no fault: it is made anew when somebody needs it.
  private mutating func checkIndex(
    _ scan: SegmentScan, _ segment: Segment
  ) throws(DaybookError) {
    let right = IndexBuilder.build(scan.source, partition.log)
    let stored: [UInt8]
    do throws(FileError) {
      stored = try partition.files.contents(of: segment.indexPath, bytesMax: right.count)
    } catch {
      if error.number == ENOENT { return }
      guard error.number == EFBIG else { throw error.asDaybookError }
      stored = []
    }
    if stored == right { return }
    let first = zip(stored, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    faults.append(
      LogFault(
        partition: partition.partition, segment: FileNames.index(segment.base),
        fromByte: UInt64(first ?? min(stored.count, right.count)), toByte: UInt64(right.count),
        offset: segment.base,
        reason: "the index does not agree with its segment: delete it, it is made anew"))
  }
}
