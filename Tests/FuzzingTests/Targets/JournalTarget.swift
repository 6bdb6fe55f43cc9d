import DaybookModel
import Files
import NIOCore
import Ports

@testable import SegmentLog

/// A file of the journal, beside an empty segment, as recovery and readers find it. The first byte says
/// what is put right in it before: 1 the checksums of header, records and batches, 2 each record's link
/// to the one before, its number and generation too.
enum JournalTarget {
  private static let name = "9-1-1\(FileNames.journalSuffix)"

  static func run(_ bytes: [UInt8]) -> Bool {
    guard let mode = bytes.first else { return false }
    var file = Array(bytes.dropFirst())
    if mode & 1 != 0 { seal(&file, chained: mode & 2 != 0) }
    let scan = JournalFileScan(file, LogBytes.manifest)
    check(scan, file)
    checkReader(file, scan)
    return !scan.records.isEmpty && scan.fault == nil && !scan.isUnknown
  }

  /// Each record lies in the file behind the one before, and is what it would be written as.
  private static func check(_ scan: JournalFileScan, _ file: [UInt8]) {
    var number: UInt64 = 0
    for record in scan.records {
      precondition(record.number > number || number == 0, "records go backwards")
      number = record.number
      precondition(record.points.count <= JournalRecord.pointsMax && !record.entries.isEmpty)
      var builder = JournalRecordBuilder()
      builder.begin(record.points)
      for entry in record.entries {
        precondition(entry.bytes.upperBound <= file.count, "a batch lies outside of the file")
        builder.add(
          ByteBuffer(bytes: file[entry.bytes]), partition: entry.partition,
          segmentBase: entry.segmentBase, position: entry.position)
      }
      let (bytes, checksum) = builder.close(
        generation: record.generation, number: record.number, previous: record.previous,
        LogBytes.seed)
      precondition(
        checksum == record.checksum && bytes.readableBytes == record.byteCount,
        "a record is not what it is encoded to")
    }
  }

  /// Whatever the journal holds, its log opens for reading, and reads no more than it says it has.
  private static func checkReader(_ file: [UInt8], _ scan: JournalFileScan) {
    let files = LogBytes.files([FileNames.segment(.zero): []], journal: [name: file])
    do {
      let reader = try SegmentLogReader(LogFolder(files: files, path: "log"), SchemaScanner())
      let head = reader.highWatermark(of: LogBytes.partition)
      var next = Offset.zero
      var faults = try reader.salvage(LogBytes.partition, from: .zero) { batch, first in
        precondition(first == max(next, batch.baseOffset), "an offset is handed out twice")
        next = batch.nextOffset
      }
      precondition(head <= next || !faults.isEmpty, "less is read than is durable")
      faults += try reader.verify().faults
      for fault in faults {
        precondition(!fault.reason.isEmpty && fault.fromByte <= fault.toByte, "\(fault)")
      }
    } catch {
      precondition(
        (error as? DaybookError)?.code == .logCorrupt, "a damaged journal: \(error)")
    }
    precondition(files.openCount == 0, "a file stays open")
  }

  // MARK: made right

  private static func seal(_ file: inout [UInt8], chained: Bool) {
    file.withUnsafeMutableBytes { bytes in
      guard bytes.count >= Int(JournalHeader.recordsStart) else { return }
      LogBytes.sealEnd(
        of: UnsafeMutableRawBufferPointer(rebasing: bytes[..<JournalHeader.byteCount]))
      let generation = UnsafeRawBufferPointer(bytes).little(UInt64.self, at: 24)
      var at = Int(JournalHeader.recordsStart)
      var (number, previous) = (UInt64(0), UInt32(0))
      while at + JournalRecord.headBytes <= bytes.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[at...])
        let length = Int(UnsafeRawBufferPointer(rest).little(UInt32.self, at: 24))
        guard UnsafeRawBufferPointer(rest).little(UInt32.self, at: 0) == JournalRecord.magic,
          length >= JournalRecord.headBytes, length <= rest.count
        else { return }
        let record = UnsafeMutableRawBufferPointer(rebasing: rest[..<length])
        sealBatches(of: record)
        if chained {
          number += 1
          record.storeLittle(generation, at: 8)
          record.storeLittle(number, at: 16)
          record.storeLittle(previous, at: 28)
        }
        previous = sealed(record)
        at += length
      }
    }
  }

  private static func sealed(_ record: UnsafeMutableRawBufferPointer) -> UInt32 {
    let bytes = UnsafeRawBufferPointer(record)
    let checksum = LogBytes.seed.advanced(by: UnsafeRawBufferPointer(rebasing: bytes[0..<32]))
      .checksum(UnsafeRawBufferPointer(rebasing: bytes[36...]))
    record.storeLittle(checksum, at: 32)
    return checksum
  }

  /// As far as lengths lead.
  private static func sealBatches(of record: UnsafeMutableRawBufferPointer) {
    let stated = UnsafeRawBufferPointer(record)
    var at =
      JournalRecord.headBytes + Int(stated.little(UInt32.self, at: 36)) * JournalRecord.pointBytes
    while at + JournalRecord.entryHeadBytes <= record.count {
      let first = at + JournalRecord.entryHeadBytes
      let length = Int(stated.little(UInt32.self, at: at + 4))
      guard length <= record.count - first else { return }
      var batch = Array(stated[first..<first + length])
      LogBytes.seal(&batch, chained: false)
      UnsafeMutableRawBufferPointer(rebasing: record[first..<first + length]).copyBytes(from: batch)
      at = first + length
    }
  }

  // MARK: seeds

  /// Records of these batches, each batch for its place behind the one before.
  private static func file(
    _ groups: [[[Event]]], points: [JournalRecord.Point] = [], generation: UInt64 = 1
  ) -> [UInt8] {
    let header = JournalHeader(
      epoch: Epoch(9), owner: 1, number: 1, generation: generation,
      branch: LogBytes.manifest.branch.prefix)
    var file = header.encode(LogBytes.seed)
    file += [UInt8](repeating: 0, count: Int(JournalHeader.recordsStart) - file.count)
    var (position, base, number, previous) = (UInt64(0), Offset.zero, UInt64(0), UInt32(0))
    for batches in groups {
      var builder = JournalRecordBuilder()
      builder.begin(points)
      for events in batches {
        let batch = LogBytes.batches([events], from: base)
        builder.add(
          ByteBuffer(bytes: batch), partition: LogBytes.partition, segmentBase: .zero,
          position: position)
        position += UInt64(batch.count)
        base = base.advanced(by: events.count)
      }
      number += 1
      let (bytes, checksum) = builder.close(
        generation: generation, number: number, previous: previous, LogBytes.seed)
      previous = checksum
      file += bytes.array
    }
    return file
  }

  static var seeds: [[UInt8]] {
    let groups = LogBytes.groups(4)
    let zeros = [UInt8](repeating: 0, count: 1_024)
    let point = JournalRecord.Point(partition: LogBytes.partition, end: Offset(1))
    let one = file([[groups[0]]])
    let several = file([[groups[0], groups[1]], [groups[2]], [groups[3]]], points: [point])
    return [[0] + one, [0] + several + zeros, [1] + one + zeros, [3] + several]
  }
}
