import FoundationEssentials
import Testing

@testable import DaybookSDK

/// A folder of its own, gone with the value.
private final class Folder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "daybook-outbox-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var outbox: String { path + "/outbox" }

  func bytes() throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: outbox))) }

  func write(_ bytes: some Sequence<UInt8>) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: outbox))
  }
}

@Suite("An outbox in a file")
struct FileOutboxTests {
  private func entry(_ number: UInt64, bytes: Int = 10) -> OutboxEntry {
    OutboxEntry(number: number, bytes: Array(repeating: UInt8(number & 0xff), count: bytes))
  }

  private func code(_ call: () throws -> Void) -> ClientError.Code? {
    do {
      try call()
      return nil
    } catch {
      return (error as? ClientError)?.code
    }
  }

  @Test("what was stored and not removed is there again, and numbers go on")
  func reopened() throws {
    let folder = try Folder()
    var origin: [UInt8] = []
    do {
      let outbox = try FileOutbox(path: folder.outbox)
      let empty = try outbox.load()
      origin = empty.origin
      #expect(empty.nextNumber == 1 && empty.entries.isEmpty && empty.owner == nil)
      try outbox.bind(to: "user/ann@log")
      try outbox.store([entry(1), entry(2)])
      try outbox.store([entry(3)])
      try outbox.remove([1, 3])
    }
    let outbox = try FileOutbox(path: folder.outbox)
    let contents = try outbox.load()
    #expect(
      contents
        == OutboxContents(
          origin: origin, nextNumber: 4, owner: "user/ann@log", entries: [entry(2)]))
  }

  @Test("one client at a time has it, and nobody else opens its file")
  func exclusive() throws {
    let folder = try Folder()
    let outbox = try FileOutbox(path: folder.outbox)
    _ = try outbox.load()
    #expect(code { _ = try outbox.load() } == .outboxInUse)
    #expect(code { _ = try FileOutbox(path: folder.outbox) } == .outboxInUse)
    outbox.release()
    _ = try outbox.load()
    #expect(code { _ = try FileOutbox(path: folder.path + "/none/outbox") } == .outboxFailed)
  }

  @Test("a file is rewritten without what was answered, and says the same")
  func compaction() throws {
    let folder = try Folder()
    let outbox = try FileOutbox(path: folder.outbox)
    let before = try outbox.load()
    var largest = 0
    for number in 1...400 as ClosedRange<UInt64> {
      try outbox.store([entry(number, bytes: 1_000)])
      if number > 2 { try outbox.remove([number - 2]) }
      largest = max(largest, try folder.bytes().count)
    }
    #expect(largest < 3 * 65_536)
    try outbox.remove([399])
    let bytes = try folder.bytes()
    #expect(
      OutboxFormat.scan(bytes).contents
        == OutboxContents(
          origin: before.origin, nextNumber: 401, entries: [entry(400, bytes: 1_000)]))
  }

  /// A file with four messages, stored by threes and ones, of which one was answered; and where each
  /// of its batches ends.
  private func sample() throws -> (bytes: [UInt8], contents: OutboxContents) {
    let folder = try Folder()
    let outbox = try FileOutbox(path: folder.outbox)
    _ = try outbox.load()
    try outbox.bind(to: "user/ann@log")
    try outbox.store([entry(1), entry(2), entry(3)])
    try outbox.remove([2])
    try outbox.store([entry(4)])
    let bytes = try folder.bytes()
    return (bytes, try #require(OutboxFormat.scan(bytes).contents))
  }

  @Test("wherever writing stopped, what was whole before is kept, and writing goes on")
  func torn() throws {
    let (bytes, contents) = try sample()
    let folder = try Folder()
    var counts: Set<Int> = []
    for length in 1..<bytes.count {
      try folder.write(bytes.prefix(length))
      let scan = OutboxFormat.scan(Array(bytes.prefix(length)))
      // The file's beginning is made apart, and put in its place whole.
      guard let kept = scan.contents else {
        #expect(scan.rot == 0)
        continue
      }
      #expect(scan.rot == nil && contents.origin == kept.origin)
      #expect(kept.entries.allSatisfy { $0.number == 2 || contents.entries.contains($0) })
      counts.insert(kept.entries.count)
      guard length % 7 == 0 else { continue }
      let outbox = try FileOutbox(path: folder.outbox)
      try outbox.store([entry(kept.nextNumber)])
      let again = OutboxFormat.scan(try folder.bytes())
      #expect(
        again.rot == nil && again.contents?.entries == kept.entries + [entry(kept.nextNumber)])
    }
    #expect(counts == [0, 2, 3], "the sample has three moments")
  }

  @Test("no byte changes unnoticed: what was stored is rot, or all there")
  func rot() throws {
    let (bytes, contents) = try sample()
    var noticed = 0
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x10
      let scan = OutboxFormat.scan(changed)
      if scan.rot != nil {
        noticed += 1
      } else {
        #expect(scan.contents == contents, "byte \(index)")
      }
    }
    // The last batch only says that those before it were synced.
    #expect(noticed == bytes.count - OutboxFormat.headerBytes)
    let folder = try Folder()
    var changed = bytes
    changed[bytes.count / 2] ^= 1
    try folder.write(changed)
    #expect(code { _ = try FileOutbox(path: folder.outbox) } == .outboxCorrupt)
    #expect(try folder.bytes() == changed, "it is left as it is")
  }

  @Test("what was written behind a hole, and never synced, is dropped with it")
  func hole() throws {
    let (bytes, contents) = try sample()
    let end = bytes.count
    let lost = OutboxFormat.batch([.removed(4)], durable: end - OutboxFormat.headerBytes)
    let later = OutboxFormat.batch(
      [.entry(entry(5))], durable: end - OutboxFormat.headerBytes)
    let scan = OutboxFormat.scan(bytes + [UInt8](repeating: 0, count: lost.count) + later)
    #expect(scan.contents == contents && scan.rot == nil && scan.end == end)
    let synced = OutboxFormat.batch([], durable: end + lost.count + later.count)
    let all = bytes + [UInt8](repeating: 0, count: lost.count) + later + synced
    #expect(OutboxFormat.scan(all).rot == end)
  }

  @Test("the checksum is CRC-32's, and the format is as it is drawn")
  func drawn() {
    #expect(CRC32.checksum(Array("123456789".utf8)[...]) == 0xcbf4_3926)
    let batch = OutboxFormat.batch([.removed(0x0102)], durable: 3)
    #expect(
      batch.prefix(16) == [0x44, 0x42, 0x4f, 0x58, 9, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0])
    #expect(batch.suffix(9) == [4, 2, 1, 0, 0, 0, 0, 0, 0])
  }
}
