import Foundation

/// What a log's message lines say, found in another way than the importer's: the measure that it
/// is held against.
enum IRCLines {
  struct Line: Equatable {
    var nick: String
    var text: String
    var time: String
  }

  static func messages(in file: URL) throws -> [Line] {
    let pattern = /^\[(\d\d:\d\d)\] <([^>]*)>( (.*))?$/
    let date = String(file.lastPathComponent.prefix(10))
    return try String(contentsOf: file, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
      .compactMap { line in
        guard let match = line.firstMatch(of: pattern) else { return nil }
        return Line(
          nick: match.2.replacing(" ", with: "").lowercased(), text: String(match.4 ?? ""),
          time: "\(date)T\(match.1):00.000Z")
      }
  }
}
