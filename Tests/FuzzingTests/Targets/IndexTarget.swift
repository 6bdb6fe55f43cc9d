import DaybookModel
import Files
import NIOCore
import Ports

@testable import SegmentLog

/// The index file of a closed segment. The first byte says what is put right in it before: 1
/// checksums, 3 the file's length too; and, with 4, that the segment is one whose index is too large
/// to be kept in memory.
enum IndexTarget {
  /// A segment that is whole, and what is found in it.
  private struct Closed {
    let segment: [UInt8]
    let scan: SegmentScan
    let index: [UInt8]

    init(groups: Int) {
      segment = LogBytes.batches(LogBytes.groups(groups))
      scan = LogBytes.scan(LogBytes.files([FileNames.segment(.zero): segment]))
      index = IndexBuilder.build(scan.source, LogBytes.seed)
    }
  }

  private static let name = FileNames.index(.zero)
  private static let small = Closed(groups: 5)
  private static let large = Closed(groups: 120)
  private static let fileBytesMax = 1 << 16
  /// As many are read of a large one.
  private static let readMax = 12

  static func run(_ bytes: [UInt8]) -> Bool {
    guard let mode = bytes.first else { return false }
    var index = Array(bytes.dropFirst())
    if mode & 1 != 0 { seal(&index, resized: mode & 2 != 0) }
    let closed = mode & 4 == 0 ? small : large
    let end = closed.scan.nextOffset
    let last = LogBytes.batches(
      LogBytes.groups(1), from: end, chain: closed.scan.source.facts.chainAfter)
    let files = LogBytes.files([
      FileNames.segment(.zero): closed.segment, name: index, FileNames.segment(end): last,
    ])
    checkHeader(files, index)
    if let sealed = LogBytes.index(files) { checkLookups(sealed, files, index) }
    checkReading(files, closed.scan)
    checkOpening(files, end)
    precondition(files.openCount == 0, "a file stays open")
    return index == closed.index
  }

  private static func seal(_ index: inout [UInt8], resized: Bool) {
    guard index.count >= IndexLayout.byteCount else { return }
    index.withUnsafeMutableBytes { sealHeader($0) }
    if resized {
      let layout = index.withUnsafeBytes { IndexLayout($0, LogBytes.seed) }
      if let layout, layout.fileBytes <= fileBytesMax {
        index = Array(index.prefix(layout.fileBytes))
        index += Array(repeating: 0, count: layout.fileBytes - index.count)
      }
    }
    index.withUnsafeMutableBytes { bytes in
      let sections = UnsafeRawBufferPointer(rebasing: bytes[IndexLayout.byteCount...])
      bytes.storeLittle(LogBytes.seed.checksum(sections), at: 80)
      sealHeader(bytes)
    }
  }

  private static func sealHeader(_ bytes: UnsafeMutableRawBufferPointer) {
    LogBytes.sealEnd(of: UnsafeMutableRawBufferPointer(rebasing: bytes[..<IndexLayout.byteCount]))
  }

  private static func checkHeader(_ files: MemoryFolder, _ index: [UInt8]) {
    guard let layout = index.withUnsafeBytes({ IndexLayout($0, LogBytes.seed) }) else { return }
    var encoded = [UInt8](repeating: 0, count: IndexLayout.byteCount)
    encoded.withUnsafeMutableBytes { layout.encode(into: $0, LogBytes.seed) }
    precondition(encoded.elementsEqual(index.prefix(encoded.count)), "a header is read otherwise")
  }

  /// Whatever its sections hold, nothing outside them is read, and no more comes than is asked for.
  private static func checkLookups(
    _ sealed: SealedIndex, _ files: MemoryFolder, _ index: [UInt8]
  ) {
    let layout = sealed.layout
    let keyBytes = IndexLayout.keyBytes
    var keys = (0..<min(16, layout.streams + layout.conversations)).map { at in
      index.withUnsafeBytes { $0.little(UInt64.self, at: layout.streamsAt + at * keyBytes) }
    }
    keys += [0, .max]
    do throws(FileError) {
      for delta in [0, 1, 5, UInt32.max] {
        let place = try sealed.place(before: delta)
        precondition(place.delta <= delta, "a place lies behind what it is to be before")
      }
      for key in keys {
        _ = try sealed.streamStart(key)
        let stream = try sealed.stream(key, from: 2, through: .max - 1, end: 4, limit: 3)
        precondition(stream.count <= 3 && stream.allSatisfy { $0.delta < 4 && $0.value < .max })
        let found = try sealed.conversation(key, below: .max, end: 4, limit: 3)
        precondition(found.count <= 3 && found.allSatisfy { $0.delta < 4 })
      }
    } catch {
      preconditionFailure("an index that is whole is read past its end: \(error)")
    }
    precondition(files.readBytesMax <= 1 << 20, "more memory is taken than a chunk has")
  }

  /// What is read with it is an error, or the segment's own.
  private static func checkReading(_ files: MemoryFolder, _ scan: SegmentScan) {
    let view = LogBytes.view(
      files, [LogBytes.segment(base: .zero)], highWatermark: scan.nextOffset)
    for offset in (0..<scan.events).suffix(readMax).map({ Offset(Int64($0)) }) {
      if let read = try? view.read(from: offset, bytesMax: 1).batches {
        precondition(
          read[0].baseOffset <= offset && offset < read[0].nextOffset, "another batch is read")
      }
      if let read = try? view.events(at: [offset]) {
        precondition(read.map(\.offset) == [offset], "another event is read")
      }
    }
    for batch in scan.source.batches.prefix(readMax) {
      for slot in batch.slots {
        let found = try? view.postings(
          stream: slot.stream, from: Seq(1), through: slot.seq, limit: readMax)
        let page = try? view.postings(conversation: slot.conversation, before: nil, limit: readMax)
        for posting in (found ?? []) + (page ?? []) {
          precondition(posting.offset < scan.nextOffset, "a posting lies past the head")
        }
      }
    }
  }

  /// It never keeps its log from being opened, nor shows more than there is.
  private static func checkOpening(_ files: MemoryFolder, _ end: Offset) {
    do throws(DaybookError) {
      let reader = try SegmentLogReader(LogFolder(files: files, path: "log"), SchemaScanner())
      precondition(reader.surveys[0].end <= end.advanced(by: 1))
      _ = try reader.segments(of: LogBytes.partition)
      _ = try reader.verify()
    } catch {
      preconditionFailure("an index keeps its log from being read: \(error)")
    }
  }

  static var seeds: [[UInt8]] {
    let (index, file) = (small.index, large.index)
    precondition(index.count <= SealedIndex.heldBytesMax && file.count > SealedIndex.heldBytesMax)
    return [[0] + index, [1] + index, [3] + index, [4] + file, [7] + file]
  }
}
