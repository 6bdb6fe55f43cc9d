import DaybookModel
import Doubles
import Files
import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Testing

@testable import SegmentLog

/// A log in a temporary folder, which goes with it.
final class TestLog {
  let root: String
  var folder: String { root + "/log" }
  var partitionFolder: String { folder + "/0" }
  var options: SegmentLogOptions

  init(
    partitions: Int = 1,
    options: SegmentLogOptions = SegmentLogOptions(
      segmentBytes: 4096, firstSegmentBytes: 4096, reserveBytes: 4096),
    files: any FileSystem = PosixFileSystem()
  ) throws {
    root = FileManager.default.temporaryDirectory.path + "/daybook-\(UUID().uuidString)"
    self.options = options
    try FileManager.default.createDirectory(
      atPath: root, withIntermediateDirectories: true)
    try LogFolder(files: files, path: folder).create(partitions: partitions, options: options)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func open(
    files: any FileSystem = PosixFileSystem(),
    opening: OpeningContext = OpeningContext(), logger: Logger = .silent
  ) throws(DaybookError) -> SegmentedLog {
    try SegmentedLog.open(
      in: folder, options: options, scanner: TestScanner(), opening: opening, files: files,
      logger: logger)
  }

  func reader() throws(DaybookError) -> SegmentLogReader {
    try SegmentLogReader.open(in: folder, scanner: TestScanner())
  }

  /// Opens, appends each array as a batch, closes.
  func write(_ batches: [[TestEvent]]) async throws {
    let log = try open()
    for batch in batches { _ = try await log.append(batch) }
    log.close()
  }

  func path(_ name: String) -> String { "\(partitionFolder)/\(name)" }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  func replace(_ name: String, with bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
  }

  /// Changes one byte.
  func flip(_ name: String, at position: Int) throws {
    var bytes = try bytes(name)
    bytes[position] ^= 0x40
    try replace(name, with: bytes)
  }

  /// Everything in the partition's folder.
  func contents() throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in try names() { contents[name] = try bytes(name) }
    return contents
  }

  /// Puts the partition's folder back to what it was.
  func restore(_ contents: [String: [UInt8]]) throws {
    for name in try names() { try FileManager.default.removeItem(atPath: path(name)) }
    for (name, bytes) in contents { try replace(name, with: bytes) }
  }

  /// Three batches of two in one segment; the watermark states the first two, as after a power
  /// failure in which the third was being written. Returns where the third lies.
  func makeTorn() async throws -> Range<Int> {
    let log = try open()
    _ = try await log.append(messages(1...2))
    _ = try await log.append(messages(3...4))
    let watermark = try bytes(FileNames.watermark)
    let start = Int(try reader().segments(of: PartitionID(0))[0].bytesUsed)
    _ = try await log.append(messages(5...6))
    let end = Int(try reader().segments(of: PartitionID(0))[0].bytesUsed)
    log.close()
    try replace(FileNames.watermark, with: watermark)
    return start..<end
  }

  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: partitionFolder).sorted()
  }

  /// Bytes of a file, room for later batches included.
  func size(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path(name))
    return (attributes[.size] as? Int) ?? 0
  }
}

extension SegmentedLog {
  /// Waits until the batch is durable or refused.
  func append(
    _ events: [TestEvent], to partition: PartitionID = PartitionID(0), generation: UInt64? = nil
  ) async throws -> CommittedBatch {
    let batch = makeBatch(events, generation: generation)
    return try await withCheckedContinuation { continuation in
      append(batch, to: partition) { continuation.resume(returning: $0) }
    }.get()
  }
}

extension LogFeed {
  /// Every event up to the high watermark.
  func everything(_ partition: PartitionID = PartitionID(0)) throws -> [TestEvent] {
    var events: [TestEvent] = []
    var offset = startOffset(of: partition)
    while true {
      let chunk = try read(partition, from: offset, bytesMax: 1000)
      if chunk.next == offset { return events }
      for batch in chunk.batches {
        #expect(batch.baseOffset == offset)
        events += try batch.testEvents()
        offset = batch.nextOffset
      }
      #expect(chunk.next == offset)
    }
  }
}

/// The code with which an operation fails; nil if it doesn't.
func code<Value>(_ body: () async throws -> Value) async -> ErrorCode? {
  do {
    _ = try await body()
    return nil
  } catch {
    return (error as? DaybookError)?.code
  }
}

/// `count` messages of a conversation, each with its number as seq and in its id.
func messages(_ range: ClosedRange<UInt64>, conversation: UInt64 = 7) -> [TestEvent] {
  range.map {
    TestEvent(
      stream: 3, conversation: conversation, seq: $0, messageID: $0 * 10, text: "message \($0)")
  }
}
