import Glibc

/// What was typed in earlier runs: an entry a line, its line ends as `\n`, its backslashes doubled.
/// For its owner alone (mode 0600). A fault of the disk costs the history, not the chat.
struct HistoryFile {
  let path: String
  private static let bytesMax = 4 << 20

  /// `$XDG_STATE_HOME/daybook/chat-history`, or below `~/.local/state`; nil without a home (XDG Base
  /// Directory Specification).
  static func usual(_ environment: (String) -> String?) -> String? {
    let state = environment("XDG_STATE_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil }
    let home = environment("HOME").flatMap { $0.hasPrefix("/") ? $0 : nil }
    guard let folder = state ?? home.map({ $0 + "/.local/state" }) else { return nil }
    return folder + "/daybook/chat-history"
  }

  /// The newest entries. A file that has grown to twice as many is written anew with these.
  func load() -> [String] {
    guard let text = HistoryFile.read(path) else { return [] }
    let lines = text.split(separator: "\n")
    let kept = lines.suffix(LineHistory.entriesMax)
    if lines.count > 2 * LineHistory.entriesMax {
      let temporary = "\(path).\(getpid())"
      if HistoryFile.write(kept.joined(separator: "\n") + "\n", to: temporary, O_TRUNC) {
        rename(temporary, path)
      }
    }
    return kept.map { HistoryFile.entry($0) }
  }

  func append(_ entry: String) {
    makeFolders()
    _ = HistoryFile.write(HistoryFile.line(entry) + "\n", to: path, O_APPEND)
  }

  static func line(_ entry: String) -> String {
    entry.reduce(into: "") { line, character in
      switch character {
      case "\n": line += "\\n"
      case "\\": line += "\\\\"
      default: line.append(character)
      }
    }
  }

  static func entry(_ line: some StringProtocol) -> String {
    var entry = ""
    var isEscaped = false
    for character in line {
      if isEscaped {
        entry.append(character == "n" ? "\n" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        entry.append(character)
      }
    }
    return entry
  }

  /// Missing ones are made for their owner alone.
  private func makeFolders() {
    var end = path.startIndex
    while let slash = path[path.index(after: end)...].firstIndex(of: "/") {
      mkdir(String(path[..<slash]), 0o700)
      end = slash
    }
  }

  private static func read(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < bytesMax {
      let count = Glibc.read(file, &piece, piece.count)
      if count <= 0 { break }
      bytes += piece[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func write(_ text: String, to path: String, _ flag: Int32) -> Bool {
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flag, 0o600)
    guard file >= 0 else { return false }
    defer { close(file) }
    // Also of a file that somebody else made, or an editor.
    fchmod(file, 0o600)
    let bytes = Array(text.utf8)
    return Glibc.write(file, bytes, bytes.count) == bytes.count
  }
}
