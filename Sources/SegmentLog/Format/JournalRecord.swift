import DaybookModel
import NIOCore

/// What one sync of the journal makes durable: batches of any partitions, each with the place in a
/// segment that it is for. `schemas/log-format.md`, "Journal".
struct JournalRecord {
  static let magic: UInt32 = 0x524A_5944  // "DYJR"
  static let headBytes = 40
  static let pointBytes = 12
  static let entryHeadBytes = 24
  /// Partitions of which a record states how far they are.
  static let pointsMax = 64
  /// Records begin at multiples of this.
  static let alignment = 8

  /// A partition was durable up to there before the record was written.
  struct Point: Equatable, Sendable {
    var partition: PartitionID
    var end: Offset
  }

  /// A batch, its own header included, and where it belongs.
  struct Entry {
    var partition: PartitionID
    var segmentBase: Offset
    var position: UInt64
    /// Where its bytes lie in what was decoded.
    var bytes: Range<Int>
  }

  var generation: UInt64
  /// One more than that of the owner's record before.
  var number: UInt64
  /// Of all of it, padding included.
  var byteCount: Int
  /// Checksum of the record before in this file; 0 in a file's first.
  var previous: UInt32
  var checksum: UInt32
  /// Of the partitions that were written last, so that what is missing is known by what follows it.
  var points: [Point]
  var entries: [Entry]

  /// How many bytes a record of batches of these sizes has.
  static func byteCount(_ batches: Int, bytes: Int, points: Int) -> Int {
    aligned(headBytes + points * pointBytes + batches * entryHeadBytes + bytes)
  }

  fileprivate static func aligned(_ count: Int) -> Int {
    (count + alignment - 1) / alignment * alignment
  }

  enum Decoded {
    /// `entries` have ranges of the bytes that were given.
    case record(JournalRecord)
    /// Nothing was ever written here.
    case unwritten
    case invalid(String)
  }

  /// The record that begins at a byte. Its checksum covers all of it.
  static func decode(
    _ file: UnsafeRawBufferPointer, at start: Int, _ seed: LogSeed
  ) -> Decoded {
    guard start + headBytes <= file.count else { return .unwritten }
    let magic = file.little(UInt32.self, at: start)
    guard magic == JournalRecord.magic else {
      return magic == 0 && file[start..<start + headBytes].allSatisfy({ $0 == 0 })
        ? .unwritten : .invalid("no record begins here")
    }
    let length = Int(file.little(UInt32.self, at: start + 24))
    guard length >= headBytes, length % alignment == 0, length <= file.count - start else {
      return .invalid("the record's length can't be")
    }
    let bytes = UnsafeRawBufferPointer(rebasing: file[start..<start + length])
    let checksum = JournalRecord.checksum(bytes, seed)
    guard bytes.little(UInt32.self, at: checksumAt) == checksum else {
      return .invalid("the record's checksum is wrong")
    }
    guard let (points, entries) = contents(bytes, from: start) else {
      return .invalid("the record's lengths don't add up")
    }
    return .record(
      JournalRecord(
        generation: bytes.little(UInt64.self, at: 8), number: bytes.little(UInt64.self, at: 16),
        byteCount: length, previous: bytes.little(UInt32.self, at: 28), checksum: checksum,
        points: points, entries: entries))
  }

  private static let checksumAt = 32

  /// Covers every byte but its own four.
  private static func checksum(_ bytes: UnsafeRawBufferPointer, _ seed: LogSeed) -> UInt32 {
    seed.advanced(by: UnsafeRawBufferPointer(rebasing: bytes[0..<checksumAt]))
      .checksum(UnsafeRawBufferPointer(rebasing: bytes[(checksumAt + 4)...]))
  }

  private static func contents(
    _ bytes: UnsafeRawBufferPointer, from start: Int
  ) -> (points: [Point], entries: [Entry])? {
    let count = Int(bytes.little(UInt32.self, at: checksumAt + 4))
    guard count <= pointsMax, headBytes + count * pointBytes <= bytes.count else { return nil }
    var points: [Point] = []
    var at = headBytes
    for _ in 0..<count {
      guard bytes.little(UInt16.self, at: at + 2) == 0, bytes.little(Int64.self, at: at + 4) >= 0
      else { return nil }
      points.append(
        Point(
          partition: PartitionID(bytes.little(UInt16.self, at: at)),
          end: Offset(bytes.little(Int64.self, at: at + 4))))
      at += pointBytes
    }
    var entries: [Entry] = []
    for _ in 0..<bytes.little(UInt32.self, at: 4) {
      guard at + entryHeadBytes <= bytes.count else { return nil }
      let length = Int(bytes.little(UInt32.self, at: at + 4))
      let first = at + entryHeadBytes
      guard length >= BatchHeader.byteCount, length <= bytes.count - first,
        bytes.little(UInt16.self, at: at + 2) == 0, bytes.little(Int64.self, at: at + 16) >= 0,
        bytes.little(UInt64.self, at: at + 8) < SegmentFacts.bytesMax
      else { return nil }
      entries.append(
        Entry(
          partition: PartitionID(bytes.little(UInt16.self, at: at)),
          segmentBase: Offset(bytes.little(Int64.self, at: at + 16)),
          position: bytes.little(UInt64.self, at: at + 8),
          bytes: start + first..<start + first + length))
      at = first + length
    }
    guard !entries.isEmpty, aligned(at) == bytes.count, bytes[at...].allSatisfy({ $0 == 0 })
    else { return nil }
    return (points, entries)
  }
}

/// A record while it is made. One is used again and again, with its memory.
struct JournalRecordBuilder {
  private var bytes = ByteBuffer()
  private var points: UInt32 = 0
  private var count: UInt32 = 0

  var isEmpty: Bool { count == 0 }

  mutating func begin(_ points: [JournalRecord.Point]) {
    bytes.clear()
    bytes.writeRepeatingByte(0, count: JournalRecord.headBytes)
    for point in points {
      bytes.writeInteger(point.partition.rawValue, endianness: .little)
      bytes.writeInteger(UInt16(0))
      bytes.writeInteger(point.end.rawValue, endianness: .little)
    }
    self.points = UInt32(points.count)
    count = 0
  }

  mutating func add(
    _ batch: ByteBuffer, partition: PartitionID, segmentBase: Offset, position: UInt64
  ) {
    bytes.writeInteger(partition.rawValue, endianness: .little)
    bytes.writeInteger(UInt16(0))
    bytes.writeInteger(UInt32(batch.readableBytes), endianness: .little)
    bytes.writeInteger(position, endianness: .little)
    bytes.writeInteger(segmentBase.rawValue, endianness: .little)
    bytes.writeImmutableBuffer(batch)
    count += 1
  }

  /// The whole record, and its checksum.
  mutating func close(
    generation: UInt64, number: UInt64, previous: UInt32, _ seed: LogSeed
  ) -> (bytes: ByteBuffer, checksum: UInt32) {
    let padded = JournalRecord.aligned(bytes.readableBytes)
    bytes.writeRepeatingByte(0, count: padded - bytes.readableBytes)
    let (count, points) = (count, points)
    let checksum = bytes.withUnsafeMutableReadableBytes { bytes -> UInt32 in
      bytes.storeLittle(JournalRecord.magic, at: 0)
      bytes.storeLittle(count, at: 4)
      bytes.storeLittle(generation, at: 8)
      bytes.storeLittle(number, at: 16)
      bytes.storeLittle(UInt32(bytes.count), at: 24)
      bytes.storeLittle(previous, at: 28)
      bytes.storeLittle(points, at: 36)
      let checksum = seed.advanced(by: UnsafeRawBufferPointer(rebasing: bytes[0..<32]))
        .checksum(UnsafeRawBufferPointer(rebasing: bytes[36...]))
      bytes.storeLittle(checksum, at: 32)
      return checksum
    }
    return (bytes, checksum)
  }
}
