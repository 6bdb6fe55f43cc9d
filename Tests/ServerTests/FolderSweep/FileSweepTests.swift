import DaybookModel
import Doubles
import Foundation
import SegmentLog
import Testing

@testable import Server

/// What is done to one file.
enum FileMishap: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case removed, emptied
  case halved = "cut in half"
  /// Root may read everything; a folder nobody can read as a file.
  case unreadable = "a folder in its place"
  case swapped = "swapped with its neighbour"
  case swappedAcross = "swapped with the same of another partition"

  var testDescription: String { rawValue }

  /// Returns the paths that are not what they were; none where it can't be done.
  func befall(_ path: String, in folder: URL, _ image: FolderImage) throws -> [String] {
    let url = folder.appending(path: path)
    let file = image.files[path]!
    switch self {
    case .removed: try FileManager.default.removeItem(at: url)
    case .emptied: try Data().write(to: url)
    case .halved:
      try FolderImage.File(bytes: Array(file.bytes.prefix(file.bytes.count / 2)), size: 0)
        .lay(down: url)
    case .unreadable:
      try FileManager.default.removeItem(at: url)
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    case .swapped:
      let paths = image.paths
      let at = paths.firstIndex(of: path)!
      return try swap(path, paths[(at + 1) % paths.count], in: folder, image)
    case .swappedAcross:
      let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3, let partition = Int(parts[1]) else { return [] }
      let prefix = "\(parts[0])/\((partition + 1) % SweptFolder.partitionCount)/"
      let ending = url.pathExtension
      // Names hold offsets, which differ from partition to partition.
      let own = image.paths.filter {
        $0.hasPrefix("\(parts[0])/\(partition)/") && $0.hasSuffix(ending)
      }
      let others = image.paths.filter { $0.hasPrefix(prefix) && $0.hasSuffix(ending) }
      guard let at = own.firstIndex(of: path), at < others.count else { return [] }
      return try swap(path, others[at], in: folder, image)
    }
    return [path]
  }

  private func swap(
    _ path: String, _ other: String, in folder: URL, _ image: FolderImage
  ) throws -> [String] {
    try image.files[other]!.lay(down: folder.appending(path: path))
    try image.files[path]!.lay(down: folder.appending(path: other))
    return image.files[path] == image.files[other] ? [] : [path, other]
  }
}

@Suite("one file of a data folder at a time", .timeLimit(.minutes(30)))
struct FileSweepTests {
  /// The partition of whose log a file is, unless it can be made anew.
  private static func partition(_ path: String) -> Int? {
    let parts = path.split(separator: "/")
    guard parts.count == 3, parts[0] == "log", !path.hasSuffix(".index") else { return nil }
    return Int(parts[1])
  }

  /// Files without which a server refuses: nothing else says what they say, or they must be replaced
  /// and can't be. It then says so, and changes nothing.
  private static let told: Set<String> = [
    "daybook.json", "secret", "log/manifest.json", "log/epoch", "lock",
  ]

  @Test(
    "costs its partition at most, or is told; nothing that was acked is lost in silence",
    arguments: FileMishap.allCases)
  func sweep(_ mishap: FileMishap) async throws {
    let swept = try await SweptFolder.shared.value
    let place = try Scratch()
    let folder = place.url.appending(path: "data")
    for path in swept.image.paths {
      try swept.image.lay(down: folder)
      let changed = try mishap.befall(path, in: folder, swept.image)
      guard !changed.isEmpty else { continue }
      let what = Comment(rawValue: "\(changed.joined(separator: ", ")): \(mishap.rawValue)")
      let before = try FolderImage(of: folder)
      let log = RecordingLog()
      do {
        let server = try await SweptServer(at: folder.path, told: log)
        try await expectService(of: server, swept, folder, changed, what)
      } catch {
        let isTold = !Self.told.isDisjoint(with: changed)
        #expect(isTold, "\(what): refused: \(error)")
        // The lock is taken to look at anything.
        var after = try FolderImage(of: folder)
        after.files["lock"] = before.files["lock"]
        let isUntouched = after == before
        #expect(isUntouched, "\(what): refused with \(error), and yet something was changed")
      }
    }
  }

  private func expectService(
    of server: SweptServer, _ swept: SweptFolder, _ folder: URL, _ changed: [String],
    _ what: Comment
  ) async throws {
    var taken: [Bool] = []
    for partition in 0..<SweptFolder.partitionCount {
      do {
        taken.append(try await server.say("still here", in: partition) != nil)
      } catch {
        taken.append(false)
        Issue.record("\(what): partition \(partition): \(error)")
      }
    }
    await server.stop()
    let told = server.told
    let events = try SweptFolder.events(in: try DataFolder(at: folder.path).reader())
    let touched = Set(changed.compactMap(Self.partition))
    for partition in 0..<SweptFolder.partitionCount {
      let isWhole = events[partition].starts(with: swept.events[partition])
      let isTold = told.contains { $0.contains("partition \(partition) is damaged") }
      #expect(isWhole || isTold, "\(what): partition \(partition) lost something: \(told)")
      #expect(
        taken[partition] != isTold, "\(what): partition \(partition) takes what it should not")
      guard !touched.contains(partition) else { continue }
      #expect(isWhole && !isTold, "\(what): partition \(partition) is none of it: \(told)")
    }
  }
}
