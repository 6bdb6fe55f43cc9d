import Foundation

/// What a server has acked, in a file of its own: a line is there, synced, before anybody counts on
/// it. The server's own files are not asked.
final class Ledger: @unchecked Sendable {
  struct Entry: Equatable {
    var text: String
    var messageID: String
  }

  private let file: FileHandle
  private let url: URL
  private let lock = NSLock()

  init(_ folder: URL) throws {
    url = folder.appendingPathComponent("ledger")
    try Data().write(to: url)
    file = try FileHandle(forWritingTo: url)
  }

  func add(_ text: String, _ messageID: UInt64) throws {
    try lock.withLock {
      try file.write(contentsOf: Data("\(messageID) \(text)\n".utf8))
      try file.synchronize()
    }
  }

  /// All entries, in the order of their acks.
  func entries() throws -> [Entry] {
    let text = try lock.withLock { try String(contentsOf: url, encoding: .utf8) }
    return text.split(separator: "\n").map { line in
      let parts = line.split(separator: " ", maxSplits: 1)
      return Entry(text: String(parts[1]), messageID: String(parts[0]))
    }
  }
}
