import DaybookModel
import Foundation
import Testing

@testable import Importing

/// Bytes that come one at a time.
private final class Dripping: ByteSource {
  private var left: ArraySlice<UInt8>

  init(_ text: String) { left = Array(text.utf8)[...] }

  func read(into bytes: inout [UInt8]) -> Bool {
    guard let byte = left.popFirst() else { return false }
    bytes.append(byte)
    return true
  }
}

@Suite("A JSON array, element by element")
struct JSONArrayReaderTests {
  private func read(_ source: any ByteSource) -> [String] {
    var reader = JSONArrayReader(source)
    var found: [String] = []
    do throws(DaybookError) {
      while let element = try reader.next() {
        switch element {
        case .value(let value): found.append("\(value)")
        case .faulty(let reason): found.append("faulty: \(reason)")
        }
      }
    } catch {
      found.append("fault: \(error.message)")
    }
    return found
  }

  @Test(
    "is the same whatever the pieces that it is read in",
    arguments: [
      ("[]", 0), (" [ ] \n", 0), ("\u{feff}[1]", 1), ("[1, 2 ,3]", 3),
      (#"[{"a": "]}\"["}, "x,y", [[], {}], true, null]"#, 5),
      (#"[{"a": "\\"}, {"b": {"c": [1, 2]}}]"#, 2),
    ])
  func pieces(text: String, count: Int) {
    let whole = read(BytesSource(Array(text.utf8)))
    #expect(whole.count == count && !whole.contains { $0.contains("fault") }, "\(whole)")
    #expect(read(Dripping(text)) == whole)
  }

  @Test(
    "an element's fault is its own; one of the brackets ends it",
    arguments: [
      ("[1, tru, 2]", ["1", "faulty", "2"]), ("[{\"a\"}, 2]", ["faulty", "2"]),
      ("[{\"a\": \"\\x\"}, 2]", ["faulty", "2"]),
      ("[1, 2", ["1", "fault: it ends within entry 2"]),
      ("[1,, 2]", ["1", "faulty", "2"]),
      ("[{\"a\": 1", ["fault: it ends within entry 1"]), ("{}", ["fault: it is no array"]),
      ("", ["fault: it is empty"]), ("[1] x", ["1", "fault: something follows"]),
    ])
  func faults(text: String, expected: [String]) {
    for found in [read(BytesSource(Array(text.utf8))), read(Dripping(text))] {
      #expect(found.count == expected.count, "\(found)")
      for (one, beginning) in zip(found, expected) {
        #expect(one.hasPrefix(beginning) || one.contains("\"\(beginning)\""), "\(one)")
      }
    }
  }
}

@Suite("A zip")
struct ZipFilesTests {
  /// Writes zips as others do, for the reader to be held against.
  private struct Writer {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    var count: UInt16 = 0

    mutating func add(
      _ name: String, _ content: String, deflated: [UInt8]? = nil, flags: UInt16 = 0,
      checksum: UInt32? = nil, isLarge: Bool = false
    ) {
      let data = Array(content.utf8)
      let stored = deflated ?? data
      let method: UInt16 = deflated == nil ? 0 : 8
      let checksum = checksum ?? Writer.crc(data)
      let offset = UInt32(bytes.count)
      let extra: [UInt8] =
        isLarge
        ? Writer.little(1, 2) + Writer.little(24, 2) + Writer.little(UInt64(data.count), 8)
          + Writer.little(UInt64(stored.count), 8) + Writer.little(UInt64(offset), 8) : []
      func sizes(_ isLarge: Bool) -> [UInt8] {
        isLarge
          ? Writer.little(UInt64(UInt32.max), 4) + Writer.little(UInt64(UInt32.max), 4)
          : Writer.little(UInt64(stored.count), 4) + Writer.little(UInt64(data.count), 4)
      }
      let middle =
        Writer.little(UInt64(flags), 2) + Writer.little(UInt64(method), 2) + Writer.little(0, 4)
        + Writer.little(UInt64(checksum), 4)
      let nameBytes = Array(name.utf8)
      bytes += [0x50, 0x4b, 3, 4] + Writer.little(20, 2) + middle + sizes(false)
      bytes += Writer.little(UInt64(nameBytes.count), 2) + Writer.little(2, 2) + nameBytes + [0, 0]
      bytes += stored
      directory += [0x50, 0x4b, 1, 2] + Writer.little(20, 2) + Writer.little(20, 2) + middle
      directory += sizes(isLarge) + Writer.little(UInt64(nameBytes.count), 2)
      directory += Writer.little(UInt64(extra.count), 2) + Writer.little(0, 10)
      directory += Writer.little(isLarge ? UInt64(UInt32.max) : UInt64(offset), 4)
      directory += nameBytes + extra
      count += 1
    }

    func whole(comment: String = "", isLarge: Bool = false) -> [UInt8] {
      var all = bytes + directory
      if isLarge {
        let at = UInt64(all.count)
        all += [0x50, 0x4b, 6, 6] + Writer.little(44, 8) + Writer.little(45, 2)
        all += Writer.little(45, 2) + Writer.little(0, 8) + Writer.little(UInt64(count), 8)
        all += Writer.little(UInt64(count), 8) + Writer.little(UInt64(directory.count), 8)
        all += Writer.little(UInt64(bytes.count), 8)
        all +=
          [0x50, 0x4b, 6, 7] + Writer.little(0, 4) + Writer.little(at, 8) + Writer.little(1, 4)
      }
      all += [0x50, 0x4b, 5, 6] + Writer.little(0, 4) + Writer.little(UInt64(count), 2)
      all += Writer.little(UInt64(count), 2)
      all += Writer.little(isLarge ? UInt64(UInt32.max) : UInt64(directory.count), 4)
      all += Writer.little(isLarge ? UInt64(UInt32.max) : UInt64(bytes.count), 4)
      return all + Writer.little(UInt64(comment.utf8.count), 2) + Array(comment.utf8)
    }

    static func little(_ value: UInt64, _ count: Int) -> [UInt8] {
      (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) : 0 }
    }

    static func crc(_ bytes: [UInt8]) -> UInt32 {
      ~bytes.reduce(UInt32.max) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in
          value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1
        }
      }
    }
  }

  private func files(_ bytes: [UInt8]) throws -> ZipFiles {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).zip")
    try Data(bytes).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    // The reader opens the file anew for each of its files.
    let files = try ZipFiles(path: path.path)
    contents = Dictionary(
      uniqueKeysWithValues: files.paths.map { name in
        do throws(DaybookError) {
          return (name, String(decoding: try files.open(name).rest(), as: UTF8.self))
        } catch {
          return (name, "fault: \(error.message)")
        }
      })
    return files
  }

  private final class Box { var contents: [String: String] = [:] }
  private let box = Box()
  private var contents: [String: String] {
    get { box.contents }
    nonmutating set { box.contents = newValue }
  }

  /// "hello hello hello hello" as zlib deflates it.
  private static let deflated: [UInt8] = [
    0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x01,
  ]

  @Test("has its files, stored and deflated, in folders, of 64 bits, behind a comment")
  func whole() throws {
    for isLarge in [false, true] {
      var writer = Writer()
      writer.add("a/", "")
      writer.add("a/stored.txt", "as it is", isLarge: isLarge)
      writer.add("a/b/é.txt", "hello hello hello hello", deflated: ZipFilesTests.deflated)
      writer.add("__MACOSX/a/x", "no")
      writer.add("a/.DS_Store", "no")
      writer.add("empty.txt", "")
      let files = try files(writer.whole(comment: "PK and more", isLarge: isLarge))
      #expect(files.paths == ["a/b/é.txt", "a/stored.txt", "empty.txt"])
      #expect(
        contents == [
          "a/stored.txt": "as it is", "a/b/é.txt": "hello hello hello hello", "empty.txt": "",
        ])
      #expect(files.refused.isEmpty)
    }
  }

  @Test("names that lead out of it, and what is encrypted, are refused by name")
  func refused() throws {
    var writer = Writer()
    for name in ["../up.txt", "/etc/passwd", "a/../../b", "c:\\x", "fine.txt"] {
      writer.add(name, "x")
    }
    writer.add("secret.txt", "x", flags: 1)
    let files = try files(writer.whole())
    #expect(files.paths == ["fine.txt"])
    #expect(
      files.refused.map(\.place) == [
        "../up.txt", "/etc/passwd", "a/../../b", "c:\\x", "secret.txt",
      ])
    #expect(Set(files.refused.map(\.kind)) == ["bad_file"])
  }

  @Test("a file that is damaged costs itself")
  func damaged() throws {
    var writer = Writer()
    writer.add("wrong.txt", "x", checksum: 1)
    writer.add("short.txt", "hello hello hello hello", deflated: [0xcb, 0x48])
    writer.add("nonsense.txt", "hello", deflated: [0xff, 0xff, 0xff])
    writer.add("longer.txt", "hello", deflated: ZipFilesTests.deflated)
    writer.add("fine.txt", "x")
    _ = try files(writer.whole())
    #expect(contents["fine.txt"] == "x")
    for name in ["wrong.txt", "short.txt", "nonsense.txt", "longer.txt"] {
      #expect(contents[name]?.hasPrefix("fault: \(name) is damaged") == true, "\(contents)")
    }
  }

  @Test("cut off anywhere it is refused, or has what is whole", arguments: 0..<20)
  func torn(seed: Int) throws {
    var writer = Writer()
    writer.add("a.txt", "hello")
    let whole = writer.whole()
    let cut = Array(whole.prefix(whole.count * seed / 20))
    #expect(throws: DaybookError.self) { try files(cut) }
  }

  @Test("an export in a zip is the export")
  func export() throws {
    var writer = Writer()
    let root = SlackSamples.folder
    let paths = try FolderFiles(path: root.path).paths
    for path in paths {
      let content = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
      writer.add("acme export/\(path)", content)
    }
    let zip = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).zip")
    try Data(writer.whole()).write(to: zip)
    defer { try? FileManager.default.removeItem(at: zip) }
    let (read, folder) = (try SlackImport(path: zip.path), try SlackSamples.fixture())
    #expect(read.conversations == folder.conversations && read.entries == folder.entries)
    #expect(read.findings == folder.findings && read.skipped == folder.skipped)
    for conversation in read.conversations {
      var (one, other) = (read.course(of: conversation), folder.course(of: conversation))
      while let next = one.next() { #expect(next.commands == other.next()?.commands) }
      #expect(other.next() == nil)
    }
  }
}

@Suite("A path that is no export")
struct ImportPathTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing"
    } catch let error as DaybookError {
      return error.message
    } catch {
      return "\(error)"
    }
  }

  @Test("says what it is")
  func paths() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = folder.appendingPathComponent("2024-01-01.txt")
    try "hello\n".write(to: text, atomically: true, encoding: .utf8)
    let zip = folder.appendingPathComponent("x.zip")
    try Data([0x50, 0x4b, 3, 4, 0]).write(to: zip)
    let gzip = folder.appendingPathComponent("x.gz")
    try Data([0x1f, 0x8b, 8]).write(to: gzip)
    let missing = folder.appendingPathComponent("nope").path
    let beyond = text.appendingPathComponent("x").path
    func slack(_ path: String) -> String { message { _ = try SlackImport(path: path) } }
    func irc(_ path: String) -> String {
      message { _ = try IRCLog(path: path, group: try GroupID("x")) }
    }
    #expect(slack(text.path).contains("is a file, and neither a folder nor a zip"))
    #expect(slack(folder.path).contains("there is no Slack export in it"))
    #expect(slack(zip.path).contains("is no whole zip"))
    #expect(slack(gzip.path).contains("is a gzip file"))
    #expect(slack(missing).contains("there is no such file or folder"))
    #expect(slack(beyond).contains("is a file, and no folder"))
    #expect(irc(folder.path).contains("is a folder"))
    #expect(irc(zip.path).contains("is a zip"))
    #expect(irc(gzip.path).contains("is a gzip file"))
    #expect(irc(missing).contains("there is no such file or folder"))
    for path in [text.path, folder.path, zip.path, gzip.path, missing, beyond] {
      #expect(!slack(path).contains("NSCocoa") && !irc(path).contains("NSCocoa"))
    }
  }
}
