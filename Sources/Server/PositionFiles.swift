import DaybookModel
import DaybookSchema
import Files
import Foundation
import Glibc
import LogService
import NIOConcurrencyHelpers
import Ports
import SwiftProtobuf

/// Positions of feeds as files: `<data>/positions/<name in hexadecimal>`, whole and durable or not there at all. An id
/// may have any letters, and a file's name not.
final class PositionFiles: PositionStore {
  private let folder: String
  private let seal: LogSeal
  private let files: any FileSystem
  /// One change at a time, so that what is counted is what is there.
  private let changing = NIOLock()

  init(folder: String, seal: LogSeal, files: any FileSystem = PosixFileSystem()) {
    self.folder = folder
    self.seal = seal
    self.files = files
  }

  private static let suffix = ".position"
  /// A position of the largest log has some ten kilobytes.
  private static let bytesMax = 1 << 16

  private func fileName(_ name: String) -> String {
    name.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + Self.suffix
  }

  func save(_ position: Data, as name: String, at now: Timestamp) throws(DaybookError) {
    var stored = Daybook_V1_NamedPosition()
    stored.name = name
    stored.position = position
    stored.savedAtMs = now.milliseconds
    let body = [UInt8]((try? stored.serializedData()) ?? Data())
    let bytes = withUnsafeBytes(of: seal(body).littleEndian) { Array($0) } + body
    changing.lock()
    defer { changing.unlock() }
    let file = fileName(name)
    let there = try names()
    guard there.contains(file) || there.count < Limits.feedPositionsMax else {
      throw DaybookError(
        .tooManyPositions,
        "\(Limits.feedPositionsMax) positions are kept: delete one that nobody goes on from")
    }
    try asDaybook { () throws(FileError) in
      try files.makeFolderIfAbsent(folder)
      try files.makeDurably(file, in: folder, bytes: bytes, mode: 0o600)
    }
  }

  func position(_ name: String) throws(DaybookError) -> StoredPosition? {
    let file = fileName(name)
    guard try names().contains(file) else { return nil }
    return try read(file)
  }

  func delete(_ name: String) throws(DaybookError) -> Bool {
    changing.lock()
    defer { changing.unlock() }
    let file = fileName(name)
    guard try names().contains(file) else { return false }
    try asDaybook { () throws(FileError) in try files.remove("\(folder)/\(file)") }
    return true
  }

  func all() throws(DaybookError) -> [StoredPosition] {
    var positions: [StoredPosition] = []
    for file in try names() { positions.append(try read(file)) }
    return positions.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
  }

  private func names() throws(DaybookError) -> [String] {
    guard access(folder, F_OK) == 0 else { return [] }
    return try asDaybook { () throws(FileError) in try files.list(folder) }
      .filter { $0.hasSuffix(Self.suffix) }
  }

  private func read(_ file: String) throws(DaybookError) -> StoredPosition {
    let path = "\(folder)/\(file)"
    let bytes = try asDaybook { () throws(FileError) in
      try files.contents(of: path, bytesMax: Self.bytesMax)
    }
    let body = Array(bytes.dropFirst(4))
    guard bytes.count > 4,
      bytes.prefix(4).elementsEqual(
        withUnsafeBytes(of: seal(body).littleEndian) { Array($0) }),
      let stored = try? Daybook_V1_NamedPosition(serializedBytes: body),
      fileName(stored.name) == file
    else {
      throw DaybookError(
        .logCorrupt,
        "\(path) is damaged: delete it, and begin at the log's start, or at a time")
    }
    return StoredPosition(
      name: stored.name, position: stored.position,
      savedAt: Timestamp(milliseconds: stored.savedAtMs))
  }

  private func asDaybook<Value>(
    _ work: () throws(FileError) -> Value
  ) throws(DaybookError) -> Value {
    do throws(FileError) {
      return try work()
    } catch {
      throw error.asDaybookError
    }
  }
}
