import DaybookModel
import Files
import Glibc
import NIOCore
import Ports

@testable import SegmentLog

/// A segment's bytes, as recovery, verify, salvage and readers find them. The first byte says what
/// is put right in them before: 1 checksums, 3 the chain too.
enum BatchTarget {
  private static let name = FileNames.segment(.zero)

  static func run(_ bytes: [UInt8]) -> Bool {
    guard let mode = bytes.first else { return false }
    var segment = Array(bytes.dropFirst())
    if mode & 1 != 0 { LogBytes.seal(&segment, chained: mode & 2 != 0) }
    let files = LogBytes.files([name: segment])
    let batches = walk(files, segment, chunkBytes: BatchCursor.chunkBytes)
    precondition(
      walk(files, segment, chunkBytes: 64).map(\.position) == batches.map(\.position),
      "what is found depends on how much is read at once")
    let scan = checkScan(files, segment)
    checkReading(files, scan, batches)
    checkIndex(scan)
    checkReader(files, scan)
    precondition(files.openCount == 0, "a file stays open")
    precondition(
      files.readBytesMax <= Limits.batchBytesMax + BatchHeader.byteCount,
      "more memory is taken than a batch has")
    return scan.events > 0 && scan.stop == .unwritten
  }

  private static func walk(
    _ files: MemoryFolder, _ segment: [UInt8], chunkBytes: Int
  ) -> [(position: Int, header: BatchHeader)] {
    var found: [(position: Int, header: BatchHeader)] = []
    var end = 0
    LogBytes.opening(files, name) { file throws(FileError) in
      var cursor = BatchCursor(files, file, LogBytes.seed, position: 0, chunkBytes: chunkBytes)
      while true {
        switch try cursor.next() {
        case .batch(let header, let position, let body):
          precondition(position == UInt64(end), "a batch does not begin where the last one ends")
          end += header.batchBytes
          precondition(end <= segment.count && cursor.position == UInt64(end))
          let start = end - header.storedBytes
          precondition(
            segment[Int(position)..<start].elementsEqual(LogBytes.encoded(header)),
            "a header is not what it is encoded to")
          precondition(segment[start..<end].elementsEqual(body.readableBytesView))
          precondition(header.baseOffset < header.nextOffset)
          found.append((Int(position), header))
        case .unwritten:
          precondition(segment[end...].prefix(BatchHeader.byteCount).allSatisfy { $0 == 0 })
          return
        case .invalid(let reason):
          precondition(!reason.isEmpty && end < segment.count)
          return
        }
      }
    }
    return found
  }

  /// What recovery concludes from the bytes holds for them.
  private static func checkScan(_ files: MemoryFolder, _ segment: [UInt8]) -> SegmentScan {
    let scan = LogBytes.scan(files)
    let facts = scan.source.facts
    precondition(scan.position <= UInt64(segment.count) && scan.nextOffset >= .zero)
    precondition(facts.nextOffset == Offset(Int64(scan.events)), "offsets are not contiguous")
    var next = 0
    for batch in scan.source.batches {
      precondition(Int(batch.delta) == next, "a batch does not follow the last one")
      next += batch.slots.count
    }
    precondition(next == scan.events)
    precondition(scan.durableStated <= scan.nextOffset)
    // Once more, of nothing but what was whole.
    let whole = LogBytes.scan(LogBytes.files([name: Array(segment[..<Int(scan.position)])]))
    precondition(
      whole.stop == .unwritten && whole.source.facts == facts, "a prefix is read otherwise")
    do throws(FileError) {
      let (fault, tail) = try scan.behind(
        in: LogBytes.segment(base: .zero), files, epochMax: Epoch(9))
      precondition(scan.position <= fault.toByte && fault.toByte <= UInt64(segment.count))
      precondition(segment[Int(tail.usedEnd)...].allSatisfy { $0 == 0 }, "bytes are overlooked")
      let room = Int64(segment.count) - Int64(scan.position)
      precondition(
        tail.durableStated.rawValue <= scan.nextOffset.rawValue + room,
        "a witness states what there is no room for")
    } catch {
      preconditionFailure("\(error)")
    }
    return scan
  }

  /// All that a scan found is read, by offset and by posting, and is what lies in the bytes.
  private static func checkReading(
    _ files: MemoryFolder, _ scan: SegmentScan,
    _ batches: [(position: Int, header: BatchHeader)]
  ) {
    let segment = LogBytes.segment(base: .zero)
    let view = LogBytes.view(files, [segment], highWatermark: scan.nextOffset)
    do throws(DaybookError) {
      for (batch, (_, header)) in zip(scan.source.batches, batches) {
        let read = try view.read(from: header.baseOffset, bytesMax: 1).batches
        precondition(read.first?.baseOffset == header.baseOffset && read[0].count == header.count)
        let offsets = (0..<header.count).map { header.baseOffset.advanced(by: $0) }
        let events = try view.events(at: offsets)
        precondition(events.map(\.offset) == offsets)
        for (slot, event) in zip(batch.slots, events) {
          let bytes = read[0].body.getSlice(at: Int(slot.start), length: Int(slot.length))
          precondition(bytes == event.bytes, "an event is not read as it was scanned")
        }
        guard let slot = batch.slots.first, slot.seq > .none else { continue }
        let found = try view.postings(
          stream: slot.stream, from: slot.seq, through: slot.seq, limit: scan.events)
        precondition(found.map(\.offset).contains(header.baseOffset), "an event has no posting")
      }
    } catch {
      preconditionFailure("what was scanned can't be read: \(error)")
    }
  }

  /// The index in a file says what the one in memory says.
  private static func checkIndex(_ scan: SegmentScan) {
    guard scan.events > 0 else { return }
    let bytes = IndexBuilder.build(scan.source, LogBytes.seed)
    let sealed = LogBytes.index(LogBytes.files([FileNames.index(.zero): bytes]))
    let open = OpenIndex(scan.source)
    guard let sealed else { preconditionFailure("an index that was just made is none") }
    do throws(FileError) {
      for batch in scan.source.batches {
        let place = try sealed.place(before: batch.delta)
        precondition(place == open.place(before: batch.delta))
        for slot in batch.slots {
          let stream = try sealed.stream(slot.stream, from: 0, through: .max, end: .max, limit: 9)
          precondition(
            stream == open.stream(slot.stream, from: 0, through: .max, end: .max, limit: 9))
          let page = try sealed.conversation(slot.conversation, below: .max, end: .max, limit: 9)
          precondition(
            page == open.conversation(slot.conversation, below: .max, end: .max, limit: 9))
        }
      }
    } catch {
      preconditionFailure("\(error)")
    }
  }

  /// Whatever a segment holds, its log opens for reading, and each fault is named and lies in it.
  private static func checkReader(_ files: MemoryFolder, _ scan: SegmentScan) {
    do {
      let reader = try SegmentLogReader(LogFolder(files: files, path: "log"), SchemaScanner())
      precondition(reader.highWatermark(of: LogBytes.partition) <= scan.nextOffset)
      var next = Offset.zero
      var faults = try reader.salvage(LogBytes.partition, from: .zero) { batch, first in
        precondition(first == max(next, batch.baseOffset), "an offset is handed out twice")
        precondition(first < batch.nextOffset)
        next = batch.nextOffset
      }
      faults += try reader.verify().faults
      for fault in faults {
        precondition(!fault.reason.isEmpty && fault.fromByte <= fault.toByte, "\(fault)")
      }
    } catch {
      preconditionFailure("a damaged segment keeps its log from being read: \(error)")
    }
  }

  static var seeds: [[UInt8]] {
    let batches = LogBytes.batches(LogBytes.groups(3))
    let zeros = [UInt8](repeating: 0, count: 200)
    return [[0] + batches, [1] + batches + zeros, [3] + LogBytes.batches(LogBytes.groups(6))]
  }
}

extension LogBytes {
  /// A file of the partition, for as long as `body` runs. No call on a file in memory fails.
  static func opening(
    _ files: MemoryFolder, _ name: String, _ body: (File) throws(FileError) -> Void
  ) {
    do throws(FileError) {
      let file = try files.open("\(folder)/\(name)", flags: O_RDONLY, mode: 0)
      defer { files.close(file) }
      try body(file)
    } catch {
      preconditionFailure("\(error)")
    }
  }

  /// As recovery reads the first segment.
  static func scan(_ files: MemoryFolder) -> SegmentScan {
    let segment = segment(base: .zero)
    do throws(DaybookError) {
      return try SegmentScan(
        segment, of: view(files, [segment], highWatermark: .zero), chainBefore: 0, epoch: Epoch(0))
    } catch {
      preconditionFailure("\(error)")
    }
  }

  /// The first segment's sealed index; nil if it is none.
  static func index(_ files: MemoryFolder) -> SealedIndex? {
    do throws(FileError) {
      return try SealedIndex(
        files, path: "\(folder)/\(FileNames.index(.zero))", partition: partition, baseOffset: .zero,
        seed)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
