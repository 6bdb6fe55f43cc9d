/// The bytes of an outbox's file (`schemas/outbox-format.md`): batches, one after the other, each
/// checksummed.
enum OutboxFormat {
  static let version: UInt8 = 1
  /// "DBOX".
  private static let magic: [UInt8] = [0x44, 0x42, 0x4f, 0x58]
  /// Magic, length, durable, checksum.
  static let headerBytes = 20
  /// A batch holds what was sent within one write; a message has at most 65,536 bytes of content.
  private static let payloadBytesMax = 1 << 30

  enum Record: Equatable {
    case origin([UInt8], nextNumber: UInt64)
    case owner(String)
    case entry(OutboxEntry)
    case removed(UInt64)
  }

  /// What a file holds.
  struct Scan {
    /// Nil: there is nothing, not even the file's beginning.
    var contents: OutboxContents?
    /// Where the next batch goes: behind the last good one.
    var end = 0
    /// A batch that was written and is damaged begins here.
    var rot: Int?
  }

  // MARK: writing

  /// `durable`: how much of the file was synced before this is written.
  static func batch(_ records: [Record], durable: Int) -> [UInt8] {
    var payload: [UInt8] = []
    for record in records { append(record, to: &payload) }
    var covered: [UInt8] = []
    covered.appendWord(UInt32(payload.count))
    covered.appendWord(UInt64(durable))
    covered += payload
    var batch = magic
    batch += covered.prefix(12)
    batch.appendWord(CRC32.checksum(covered[...]))
    batch += payload
    return batch
  }

  private static func append(_ record: Record, to bytes: inout [UInt8]) {
    switch record {
    case .origin(let origin, let nextNumber):
      bytes += [1, version, UInt8(origin.count)] + origin
      bytes.appendWord(nextNumber)
    case .owner(let owner):
      bytes.append(2)
      bytes.appendWord(UInt32(owner.utf8.count))
      bytes += Array(owner.utf8)
    case .entry(let entry):
      bytes.append(3)
      bytes.appendWord(entry.number)
      bytes.appendWord(UInt32(entry.bytes.count))
      bytes += entry.bytes
    case .removed(let number):
      bytes.append(4)
      bytes.appendWord(number)
    }
  }

  // MARK: reading

  /// Of a file's bytes. What is behind the last good batch was being written when the process or the
  /// machine stopped; unless a batch says that it was synced: then it is rot.
  static func scan(_ bytes: [UInt8]) -> Scan {
    var scan = Scan()
    var durable = 0
    while let batch = batch(in: bytes, at: scan.end) {
      guard let records = records(bytes[batch.payload]), scan.take(records) else {
        scan.rot = scan.end
        return scan
      }
      durable = max(durable, batch.durable)
      scan.end = batch.payload.upperBound
    }
    var at = scan.end + 1
    while at + headerBytes <= bytes.count {
      if bytes[at] == magic[0], let later = batch(in: bytes, at: at) {
        durable = max(durable, later.durable)
        at = later.payload.upperBound
      } else {
        at += 1
      }
    }
    if durable > scan.end || (scan.end == 0 && !bytes.isEmpty) { scan.rot = scan.end }
    return scan
  }

  private static func batch(
    in bytes: [UInt8], at start: Int
  ) -> (durable: Int, payload: Range<Int>)? {
    guard start + headerBytes <= bytes.count, Array(bytes[start..<start + 4]) == magic
    else { return nil }
    var reader = OutboxReader(bytes[(start + 4)...])
    guard let length = reader.uint32(), let durable = reader.uint64(), let sum = reader.uint32(),
      length <= payloadBytesMax, start + headerBytes + Int(length) <= bytes.count
    else { return nil }
    let payload = start + headerBytes..<start + headerBytes + Int(length)
    let checksum = CRC32.checksum(bytes[payload], after: CRC32.of(bytes[start + 4..<start + 16]))
    guard checksum == sum, durable <= UInt64(start) else { return nil }
    return (Int(durable), payload)
  }

  /// Nil for what this version can't read.
  private static func records(_ payload: ArraySlice<UInt8>) -> [Record]? {
    var reader = OutboxReader(payload)
    var records: [Record] = []
    while let kind = reader.uint8() {
      guard let record = record(kind, &reader) else { return nil }
      records.append(record)
    }
    return records
  }

  private static func record(_ kind: UInt8, _ reader: inout OutboxReader) -> Record? {
    switch kind {
    case 1:
      guard reader.uint8() == version, let count = reader.uint8(),
        let origin = reader.bytes(Int(count)), let next = reader.uint64()
      else { return nil }
      return .origin(origin, nextNumber: next)
    case 2:
      guard let count = reader.uint32(), let owner = reader.bytes(Int(count)) else { return nil }
      return .owner(String(decoding: owner, as: UTF8.self))
    case 3:
      guard let number = reader.uint64(), let count = reader.uint32(),
        let bytes = reader.bytes(Int(count))
      else { return nil }
      return .entry(OutboxEntry(number: number, bytes: bytes))
    case 4: return reader.uint64().map { .removed($0) }
    default: return nil
    }
  }
}

extension OutboxFormat.Scan {
  /// False for records that can't follow what came before.
  fileprivate mutating func take(_ records: [OutboxFormat.Record]) -> Bool {
    var removed: [UInt64] = []
    for record in records {
      if case .origin(let origin, let nextNumber) = record {
        guard contents == nil else { return false }
        contents = OutboxContents(origin: origin, nextNumber: nextNumber)
        continue
      }
      guard contents != nil else { return false }
      switch record {
      case .owner(let owner): contents?.owner = owner
      case .entry(let entry): contents?.store([entry])
      case .removed(let number): removed.append(number)
      case .origin: break
      }
    }
    if !removed.isEmpty { contents?.remove(removed) }
    return true
  }
}

/// Little-endian words, one after the other; nil where there are too few bytes.
private struct OutboxReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  mutating func bytes(_ count: Int) -> [UInt8]? {
    guard rest.count >= count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  mutating func uint8() -> UInt8? { rest.popFirst() }
  mutating func uint32() -> UInt32? { word(4).map { UInt32($0) } }
  mutating func uint64() -> UInt64? { word(8) }

  private mutating func word(_ count: Int) -> UInt64? {
    bytes(count)?.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension [UInt8] {
  fileprivate mutating func appendWord<Word: FixedWidthInteger>(_ word: Word) {
    for shift in stride(from: 0, to: Word.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: word >> shift))
    }
  }
}

/// CRC-32 of IEEE 802.3, reflected, as zip has it.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { sum, _ in sum >> 1 ^ (sum & 1 == 1 ? 0xedb8_8320 : 0) }
  }

  static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 { ~of(bytes) }

  /// Goes on where `of` ended.
  static func checksum(_ bytes: ArraySlice<UInt8>, after sum: UInt32) -> UInt32 {
    ~of(bytes, after: sum)
  }

  static func of(_ bytes: ArraySlice<UInt8>, after sum: UInt32 = .max) -> UInt32 {
    bytes.reduce(sum) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
  }
}
