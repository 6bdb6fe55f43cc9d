import DaybookModel
import DaybookSchema
import NIOCore
import Ports

@testable import SegmentLog

/// A log of one partition as bytes: what targets are given, and what they put right in it.
enum LogBytes {
  static let manifest = Manifest(
    partitions: 1, log: id(1), branch: id(2), secret: id(3))
  static let seed = manifest.seed
  static let partition = PartitionID(0)
  static let folder = "log/0"

  private static func id(_ byte: UInt8) -> LogID {
    LogID(bytes: Array(repeating: byte, count: LogID.byteCount))
  }

  /// The log's files around the partition's own and the journal's, each given by its name.
  static func files(
    _ own: [String: [UInt8]], journal: [String: [UInt8]] = [:]
  ) -> MemoryFolder {
    let epoch = EpochRecord(epoch: Epoch(9), owner: 1, branch: manifest.branch)
    var files = [
      "log/\(Manifest.name)": Array(manifest.text.utf8),
      "log/\(EpochRecord.name)": epoch.encode(seed),
      "\(folder)/\(FileNames.watermark)": watermark(durable: .zero),
    ]
    for (name, bytes) in own { files["\(folder)/\(name)"] = bytes }
    for (name, bytes) in journal { files["log/journal/\(name)"] = bytes }
    return MemoryFolder(files)
  }

  static func watermark(durable: Offset, counter: UInt64 = 1) -> [UInt8] {
    let slot = WatermarkSlot(
      counter: counter, partition: partition, epoch: Epoch(1), durableOffset: durable,
      segmentBase: .zero, position: 0, branch: manifest.branch.prefix)
    var bytes = [UInt8](repeating: 0, count: WatermarkSlot.byteCount)
    bytes.withUnsafeMutableBytes { slot.encode(into: $0, seed) }
    return bytes
  }

  static func segment(base: Offset) -> Segment {
    Segment(
      partition: partition, base: base, folder: folder, seeds: manifest.seeds(of: partition),
      index: .unknown)
  }

  static func view(
    _ files: MemoryFolder, _ segments: [Segment], highWatermark: Offset
  ) -> PartitionSegments {
    PartitionSegments(
      files: files, folder: folder, partition: partition, seeds: manifest.seeds(of: partition),
      scanner: SchemaScanner(), writesIndexes: false, segments: segments,
      highWatermark: highWatermark)
  }

  // MARK: batches

  /// Batches of these events, one behind the other.
  static func batches(_ groups: [[Event]], from base: Offset = .zero, chain: UInt32 = 0) -> [UInt8]
  {
    var (bytes, next, chain) = ([UInt8](), base, chain)
    for events in groups {
      var body: [UInt8] = []
      for event in events.map({ EventEncoding.encode($0).array }) {
        body.appendLittle(UInt32(event.count))
        body += event
      }
      let checksum = body.withUnsafeBytes { seed.checksum($0) }
      let header = BatchHeader(
        partition: partition, epoch: Epoch(1), baseOffset: next, count: events.count,
        storedBytes: body.count, rawBytes: body.count, firstRecordedAt: Timestamp(milliseconds: 1),
        lastRecordedAt: Timestamp(milliseconds: 2), durableOffset: next, previousChain: chain,
        storedChecksum: checksum, rawChecksum: checksum)
      bytes += encoded(header) + body
      (next, chain) = (header.nextOffset, header.chain(seed))
    }
    return bytes
  }

  static func encoded(_ header: BatchHeader) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: BatchHeader.byteCount)
    bytes.withUnsafeMutableBytes { header.encode(into: $0, seed) }
    return bytes
  }

  /// Messages to and fro, a recall, and events without a seq, as `count` groups.
  static func groups(_ count: Int) -> [[Event]] {
    let alice = UserID(checked: "alice")
    let bodies: [Event.Body] = [
      .messageSent(Message(content: ByteBuffer(bytes: [0x0a, 4, 0x0a, 2, 0x68, 0x69]))),
      .messageRecalled(MessageTarget(peer: UserID(checked: "bob"), seq: Seq(1))),
      .noted,
    ]
    return (0..<count).map { group in
      bodies.prefix(1 + group % bodies.count).enumerated().map { index, body in
        let number = UInt64(group * bodies.count + index + 1)
        return Event(
          stream: group % 2 == 0 ? .user(alice) : .group(GroupID(checked: "all")),
          seq: index == 2 ? .none : Seq(number), messageID: MessageID(number << 10),
          recordedAt: Timestamp(milliseconds: 1), actor: Actor(user: UserID(checked: "bob")),
          body: body)
      }
    }
  }

  /// Puts right what checksums cover, batch by batch, as far as lengths lead; if `chained`, each
  /// batch continues the one before, too.
  static func seal(_ segment: inout [UInt8], chained: Bool) {
    var (at, chain) = (0, UInt32(0))
    segment.withUnsafeMutableBytes { bytes in
      while at + BatchHeader.byteCount <= bytes.count {
        let header = UnsafeMutableRawBufferPointer(
          rebasing: bytes[at..<at + BatchHeader.byteCount])
        let stated = UnsafeRawBufferPointer(header)
        guard stated.little(UInt32.self, at: 0) == BatchHeader.magic else { return }
        let stored = Int(stated.little(UInt32.self, at: 28))
        let end = at + BatchHeader.byteCount + stored
        if end <= bytes.count {
          let body = bytes[at + BatchHeader.byteCount..<end]
          let checksum = seed.checksum(UnsafeRawBufferPointer(rebasing: body))
          header.storeLittle(checksum, at: 64)
          header.storeLittle(checksum, at: 68)
        }
        if chained {
          header.storeLittle(UInt32(stored), at: 32)
          header.storeLittle(chain, at: 36)
        }
        sealEnd(of: header)
        if case .header(let read) = BatchHeader.decode(UnsafeRawBufferPointer(header), seed) {
          chain = read.chain(seed)
        }
        at = end
      }
    }
  }

  /// The last four bytes become the checksum of those before.
  static func sealEnd(of bytes: UnsafeMutableRawBufferPointer) {
    let end = bytes.count - 4
    bytes.storeLittle(
      seed.checksum(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<end])),
      at: end)
  }
}

/// As the executable tells the log what an event looks like inside.
struct SchemaScanner: EventScanner {
  func scan(_ batch: CommittedBatch, into slots: inout [EventSlot]) throws(DaybookError) {
    var start: UInt32 = 0
    try batch.forEachEvent { (_, bytes) throws(DaybookError) in
      start += 4
      slots.append(try EventScan.slot(of: bytes, start: start))
      start += UInt32(bytes.count)
    }
  }
}
