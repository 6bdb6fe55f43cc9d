import DaybookModel
import Doubles
import Foundation
import Ports
import SegmentLog
import Testing

@testable import Server

@Suite("one bit of a data folder at a time", .timeLimit(.minutes(30)))
struct BitSweepTests {
  /// Bits of a file, each flipped in turn, by number.
  private func sweep(
    _ path: String, in folder: URL, bits: some Sequence<Int>, _ body: (Int) throws -> Void
  ) throws {
    let url = folder.appending(path: path)
    let file = try FileHandle(forUpdating: url)
    defer { try? file.close() }
    func flip(_ bit: Int) throws {
      try file.seek(toOffset: UInt64(bit / 8))
      let byte = try #require(try file.read(upToCount: 1)?.first)
      try file.seek(toOffset: UInt64(bit / 8))
      try file.write(contentsOf: [byte ^ (1 << UInt8(bit % 8))])
    }
    for bit in bits {
      try flip(bit)
      try body(bit)
      try flip(bit)
    }
  }

  private func refusal(_ body: () throws(DaybookError) -> Void) -> ErrorCode? {
    do throws(DaybookError) {
      try body()
      return nil
    } catch {
      return error.code
    }
  }

  @Test(
    "every bit of what identifies a folder is proven before anything is touched",
    arguments: ["daybook.json", "log/manifest.json"])
  func identity(path: String) async throws {
    let swept = try await SweptFolder.shared.value
    let place = try Scratch()
    let folder = place.url.appending(path: "data")
    try swept.image.lay(down: folder)
    let bytes = swept.image.files[path]!.bytes.count
    try sweep(path, in: folder, bits: 0..<bytes * 8) { bit in
      let code = refusal { () throws(DaybookError) in
        let data = try DataFolder(at: folder.path)
        try SegmentedLog.open(in: data.logPath, scanner: EventIndexer(), logger: .silent).close()
      }
      let expected: [ErrorCode?] = [.logCorrupt, .formatVersion]
      #expect(expected.contains(code), "bit \(bit % 8) of byte \(bit / 8) of \(path)")
    }
    #expect(try FolderImage(of: folder) == swept.image)
  }

  @Test(
    "whatever bit of epoch or watermark is wrong, a reader has all events",
    arguments: ["log/epoch", "log/1/watermark"])
  func read(path: String) async throws {
    let swept = try await SweptFolder.shared.value
    let place = try Scratch()
    let folder = place.url.appending(path: "data")
    try swept.image.lay(down: folder)
    let data = try DataFolder(at: folder.path)
    try sweep(path, in: folder, bits: bits(of: path, swept)) { bit in
      let log = try data.reader()
      let isWhole = try SweptFolder.events(in: log) == swept.events
      #expect(isWhole && !log.isDamaged, "bit \(bit)")
    }
    #expect(try FolderImage(of: folder) == swept.image)
  }

  @Test(
    "whatever byte of epoch or watermark has a wrong bit, an owner has all events and goes on",
    arguments: ["log/epoch", "log/1/watermark"])
  func owned(path: String) async throws {
    let swept = try await SweptFolder.shared.value
    let place = try Scratch()
    let folder = place.url.appending(path: "data")
    for bit in bits(of: path, swept) where bit % 8 == bit / 8 % 8 {
      try swept.image.lay(down: folder)
      try sweep(path, in: folder, bits: [bit]) { _ in
        try expectWhole(folder, swept, "bit \(bit) of \(path)")
      }
    }
  }

  /// All, but of a watermark's padding only some.
  private func bits(of path: String, _ swept: SweptFolder) -> [Int] {
    path.hasSuffix("watermark")
      ? Self.watermarkBits : Array(0..<swept.image.files[path]!.bytes.count * 8)
  }

  /// All of both slots, which lie at the beginnings of two pages, and some of the padding.
  private static let watermarkBits: [Int] = {
    var bits: [Int] = []
    for page in [0, 4096] {
      let slot: Range<Int> = page * 8..<(page + 64) * 8
      let end: Int = (page + 4096) * 8
      bits += Array(slot)
      bits += Array(stride(from: slot.upperBound, to: end, by: 4099))
    }
    return bits
  }()

  /// Opens as the log's owner does.
  private func expectWhole(_ folder: URL, _ swept: SweptFolder, _ what: Comment) throws {
    let data = try DataFolder(at: folder.path)
    var opening = OpeningContext()
    opening.statements = { data.durableStatements($0) }
    let log = try SegmentedLog.open(
      in: data.logPath, scanner: EventIndexer(), opening: opening, logger: .silent)
    let readOnly = (0..<log.partitionCount).compactMap { log.readOnly(PartitionID($0)) }
    log.close()
    #expect(readOnly.isEmpty, what)
    #expect(try SweptFolder.events(in: try data.reader()) == swept.events, what)
  }
}
