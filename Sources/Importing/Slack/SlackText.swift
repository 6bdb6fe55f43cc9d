package import DaybookModel

/// A text in Slack's markup as people read it: without its escapes, with names for ids.
///
/// `*bold*`, `_italic_` and the like stay as they are written, and so do `:emoji:`.
package struct SlackText: Sendable, Equatable {
  package private(set) var text = ""
  /// In the order in which they are mentioned, each once.
  package private(set) var mentions: [UserID] = []
  package private(set) var mentionsEveryone = false

  package init(_ source: String, _ directory: SlackDirectory) { append(source, directory) }

  init() {}

  /// As it stands.
  init(plain text: String) { self.text = text }

  package var isEmpty: Bool { text.isEmpty }

  /// As it stands, on a line of its own.
  mutating func appendLine(_ line: String) {
    if !text.isEmpty { text += "\n" }
    text += line
  }

  mutating func append(plain more: String) { text += more }

  mutating func append(_ other: SlackText) {
    text += other.text
    for user in other.mentions { note(user) }
    if other.mentionsEveryone { mentionsEveryone = true }
  }

  /// Each line, changed.
  mutating func mapLines(_ change: (Substring) -> String) {
    text = text.split(separator: "\n", omittingEmptySubsequences: false).map(change)
      .joined(separator: "\n")
  }

  /// As much as a message may have. True if something was cut off.
  mutating func cut(bytesMax: Int) -> Bool {
    guard text.utf8.count > bytesMax else { return false }
    text = SlackDirectory.prefix(text, bytesMax: bytesMax - 3) + "…"
    return true
  }

  /// Cut by bytes: a sign and a mark that follows it are one `Character`.
  mutating func append(_ source: String, _ directory: SlackDirectory) {
    var rest = Array(source.utf8)[...]
    while let start = rest.firstIndex(of: UInt8(ascii: "<")),
      let end = rest[start...].firstIndex(of: UInt8(ascii: ">"))
    {
      text += SlackText.unescaped(rest[..<start])
      appendControl(rest[(start + 1)..<end], directory)
      rest = rest[(end + 1)...]
    }
    text += SlackText.unescaped(rest)
  }

  /// What stands between `<` and `>`.
  private mutating func appendControl(_ inner: ArraySlice<UInt8>, _ directory: SlackDirectory) {
    let parts = inner.split(
      separator: UInt8(ascii: "|"), maxSplits: 1, omittingEmptySubsequences: false)
    guard let target = parts.first, let sign = target.first else {
      text += "<" + SlackText.unescaped(inner) + ">"
      return
    }
    let label = parts.count == 2 && !parts[1].isEmpty ? SlackText.unescaped(parts[1]) : nil
    let name = String(decoding: target.dropFirst(), as: UTF8.self)
    switch sign {
    case UInt8(ascii: "@"): mention(name, label, directory)
    case UInt8(ascii: "#"): appendChannel(name, label, directory)
    case UInt8(ascii: "!"): appendCommand(name, label)
    default: appendLink(SlackText.unescaped(target), label)
    }
  }

  /// `label`: what the text itself calls somebody whom the export doesn't list.
  mutating func mention(_ slackID: String, _ label: String?, _ directory: SlackDirectory) {
    let person = directory.person(slackID, named: label ?? "")
    text += "@\(person.shown)"
    note(person.id)
  }

  private mutating func note(_ user: UserID) {
    if mentions.count < Limits.mentionsMax && !mentions.contains(user) { mentions.append(user) }
  }

  mutating func appendChannel(
    _ slackID: String, _ label: String?, _ directory: SlackDirectory
  ) {
    text += "#" + (label ?? directory.channelName(slackID) ?? slackID)
  }

  mutating func appendEveryone() {
    text += "@everyone"
    mentionsEveryone = true
  }

  private mutating func appendCommand(_ name: String, _ label: String?) {
    let parts = name.split(separator: "^", omittingEmptySubsequences: false).map(String.init)
    switch parts[0] {
    case "here", "channel", "everyone", "group": appendEveryone()
    // A date and its format: the label is for whoever can't show it.
    case "date" where parts.count > 1: appendDate(parts[1], label)
    // A group of users and its id: the label is what people saw.
    default: text += label ?? "@\(parts[parts.count - 1])"
    }
  }

  mutating func appendDate(_ seconds: String, _ label: String?) {
    let time = SlackTime(seconds).map { $0.timestamp.rfc3339 }
    text += label ?? time ?? seconds
  }

  mutating func appendLink(_ url: String, _ label: String?) {
    guard let label, label != url,
      !["mailto:", "tel:", "http://", "https://"].contains(where: {
        url == $0 + label
      })
    else {
      text += label ?? url
      return
    }
    text += "\(label) (\(url))"
  }

  /// `&amp;`, `&lt;` and `&gt;` are all that Slack escapes; each once, from left to right.
  static func unescaped(_ text: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.first {
      let entity =
        byte == UInt8(ascii: "&") ? entities.first { rest.starts(with: $0.name.utf8) } : nil
      bytes.append(entity?.byte ?? byte)
      rest = rest.dropFirst(entity?.name.utf8.count ?? 1)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let entities: [(name: String, byte: UInt8)] = [
    ("&amp;", UInt8(ascii: "&")), ("&lt;", UInt8(ascii: "<")), ("&gt;", UInt8(ascii: ">")),
  ]
}
