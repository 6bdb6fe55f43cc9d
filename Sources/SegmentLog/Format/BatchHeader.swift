import DaybookModel
import NIOCore
import Ports

/// What stands before a batch's body, byte for byte as in `schemas/log-format.md`, "Batch".
struct BatchHeader: Equatable, Sendable {
  static let byteCount = 80
  static let magic: UInt32 = 0x3142_5944  // "DYB1"
  static let version: UInt16 = 1
  static let uncompressed: UInt8 = 0

  var codec: UInt8 = BatchHeader.uncompressed
  var partition: PartitionID
  var epoch: Epoch
  var baseOffset: Offset
  var count: Int
  /// Bytes of the body as it is stored, and as it was before a codec.
  var storedBytes: Int
  var rawBytes: Int
  var firstRecordedAt: Timestamp
  var lastRecordedAt: Timestamp
  /// The first offset that was not durable when this was written.
  var durableOffset: Offset
  /// Chain value of the batch before, 0 for the log's first.
  var previousChain: UInt32
  var storedChecksum: UInt32
  var rawChecksum: UInt32

  var nextOffset: Offset { baseOffset.advanced(by: count) }
  var batchBytes: Int { BatchHeader.byteCount + storedBytes }

  /// Covers what a batch means, not how it is stored, so that compressing a segment keeps it.
  func chain(_ seed: LogSeed) -> UInt32 {
    withUnsafeTemporaryAllocation(byteCount: 56, alignment: 8) { bytes in
      bytes.storeLittle(baseOffset.rawValue, at: 0)
      bytes.storeLittle(firstRecordedAt.milliseconds, at: 8)
      bytes.storeLittle(lastRecordedAt.milliseconds, at: 16)
      bytes.storeLittle(UInt32(count), at: 24)
      bytes.storeLittle(UInt32(rawBytes), at: 28)
      bytes.storeLittle(epoch.rawValue, at: 32)
      bytes.storeLittle(UInt32(partition.rawValue), at: 36)
      bytes.storeLittle(previousChain, at: 40)
      bytes.storeLittle(rawChecksum, at: 44)
      bytes.storeLittle(UInt64(0), at: 48)
      return seed.checksum(UnsafeRawBufferPointer(bytes))
    }
  }

  /// As readers are given it.
  func committed(_ body: ByteBuffer, slots: [EventSlot]? = nil) -> CommittedBatch {
    CommittedBatch(
      partition: partition, baseOffset: baseOffset, nextOffset: nextOffset, count: count,
      lastRecordedAt: lastRecordedAt, body: body, slots: slots)
  }

  /// Writes the header into the first `byteCount` of `bytes`.
  func encode(into bytes: UnsafeMutableRawBufferPointer, _ seed: LogSeed) {
    bytes.storeLittle(BatchHeader.magic, at: 0)
    bytes.storeLittle(BatchHeader.version, at: 4)
    bytes.storeLittle(codec, at: 6)
    bytes.storeLittle(UInt8(0), at: 7)
    bytes.storeLittle(partition.rawValue, at: 8)
    bytes.storeLittle(UInt16(0), at: 10)
    bytes.storeLittle(epoch.rawValue, at: 12)
    bytes.storeLittle(baseOffset.rawValue, at: 16)
    bytes.storeLittle(UInt32(count), at: 24)
    bytes.storeLittle(UInt32(storedBytes), at: 28)
    bytes.storeLittle(UInt32(rawBytes), at: 32)
    bytes.storeLittle(previousChain, at: 36)
    bytes.storeLittle(firstRecordedAt.milliseconds, at: 40)
    bytes.storeLittle(lastRecordedAt.milliseconds, at: 48)
    bytes.storeLittle(durableOffset.rawValue, at: 56)
    bytes.storeLittle(storedChecksum, at: 64)
    bytes.storeLittle(rawChecksum, at: 68)
    bytes.storeLittle(UInt32(0), at: 72)
    let covered = UnsafeRawBufferPointer(rebasing: bytes[0..<BatchHeader.checksumAt])
    bytes.storeLittle(seed.checksum(covered), at: BatchHeader.checksumAt)
  }

  private static let checksumAt = 76

  enum Decoded {
    case header(BatchHeader)
    /// No batch was ever written here.
    case unwritten
    case invalid(String)
  }

  /// Reads a header from the first `byteCount` of `bytes`. Lengths in a header that is returned
  /// are within `Limits.batchBytesMax`.
  static func decode(_ bytes: UnsafeRawBufferPointer, _ seed: LogSeed) -> Decoded {
    let bytes = UnsafeRawBufferPointer(rebasing: bytes[0..<byteCount])
    let magic = bytes.little(UInt32.self, at: 0)
    guard magic == BatchHeader.magic else {
      return magic == 0 && bytes.allSatisfy { $0 == 0 }
        ? .unwritten : .invalid("no batch begins here")
    }
    let covered = UnsafeRawBufferPointer(rebasing: bytes[0..<checksumAt])
    guard
      bytes.little(UInt32.self, at: checksumAt) == seed.checksum(covered)
        || Mutant.leavesOut(.headerChecksum)
    else {
      return .invalid("the header's checksum is wrong")
    }
    guard bytes.little(UInt16.self, at: 4) == version else {
      return .invalid("format version \(bytes.little(UInt16.self, at: 4)) of the batch is unknown")
    }
    guard bytes[6] == uncompressed else { return .invalid("codec \(bytes[6]) is unknown") }
    guard bytes[7] == 0, bytes.little(UInt16.self, at: 10) == 0,
      bytes.little(UInt32.self, at: 72) == 0
    else { return .invalid("the header's unused bytes are not zero") }
    let header = BatchHeader(
      codec: bytes[6], partition: PartitionID(bytes.little(UInt16.self, at: 8)),
      epoch: Epoch(bytes.little(UInt32.self, at: 12)),
      baseOffset: Offset(bytes.little(Int64.self, at: 16)),
      count: Int(bytes.little(UInt32.self, at: 24)),
      storedBytes: Int(bytes.little(UInt32.self, at: 28)),
      rawBytes: Int(bytes.little(UInt32.self, at: 32)),
      firstRecordedAt: Timestamp(milliseconds: bytes.little(UInt64.self, at: 40)),
      lastRecordedAt: Timestamp(milliseconds: bytes.little(UInt64.self, at: 48)),
      durableOffset: Offset(bytes.little(Int64.self, at: 56)),
      previousChain: bytes.little(UInt32.self, at: 36),
      storedChecksum: bytes.little(UInt32.self, at: 64),
      rawChecksum: bytes.little(UInt32.self, at: 68))
    if let reason = header.implausible { return .invalid(reason) }
    return .header(header)
  }

  /// A checksum can be right by accident: what a writer never writes is refused all the same.
  private var implausible: String? {
    if storedBytes > Limits.batchBytesMax || rawBytes > Limits.batchBytesMax {
      return "the batch's length is beyond \(Limits.batchBytesMax) bytes"
    }
    // Each event has at least its length in front.
    if count < 1 || count > rawBytes / 4 { return "the batch's count can't be" }
    guard baseOffset >= .zero, baseOffset.rawValue <= .max - Int64(count),
      durableOffset >= .zero, durableOffset <= baseOffset
    else { return "the batch's offsets can't be" }
    if codec == BatchHeader.uncompressed, storedBytes != rawBytes || storedChecksum != rawChecksum {
      return "the uncompressed batch has two lengths or checksums"
    }
    return nil
  }
}
