import Foundation

/// What a log's message lines say, found in another way than the importer's: the measure that it
/// is held against.
enum IRCLines {
  struct Line: Equatable {
    var nick: String
    var text: String
    var time: String
  }

  /// Whether a message that `history` shows is what somebody did, and no line of what was said.
  static func isAction(_ message: [String: Any]) -> Bool {
    let name = message["sender_name"] as? String ?? message["from"] as? String ?? ""
    return (message["text"] as? String)?.hasPrefix("* \(name) ") ?? false
  }

  static func messages(in file: URL) throws -> [Line] {
    let pattern = /^\[(\d\d):(\d\d)\] <([^>]*)>( (.*))?$/
    let date = try Date("\(file.lastPathComponent.prefix(10))T00:00:00Z", strategy: .iso8601)
    let matches = try String(contentsOf: file, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
      .compactMap { $0.firstMatch(of: pattern) }
    // A clock of twelve hours begins anew at noon, one of 24 at midnight.
    let round = matches.contains { (Int($0.1) ?? 0) > 12 } ? 1440 : 720
    var last = 0
    return matches.map { match in
      var minute = (Int(match.1) ?? 0) * 60 + (Int(match.2) ?? 0)
      while minute < last - 600 { minute += round }
      last = minute
      let time = date.addingTimeInterval(Double(minute) * 60)
      return Line(
        nick: match.3.replacing(" ", with: "").lowercased(), text: String(match.5 ?? ""),
        time: time.formatted(.iso8601).replacing("Z", with: ".000Z"))
    }
  }
}
