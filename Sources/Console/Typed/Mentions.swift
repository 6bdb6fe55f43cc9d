import DaybookModel

/// Whom a text mentions: `@bob` at its begin or behind a space or a bracket.
struct Mentions: Equatable {
  private(set) var users: [String] = []
  private(set) var hasEveryone = false

  /// In a group, `@everyone` means all its members.
  init(in text: String, ofGroup isGroup: Bool) {
    for word in text.split(whereSeparator: \.isWhitespace) {
      let bare = word.drop { "(\"'".contains($0) }
      guard bare.hasPrefix("@") else { continue }
      let name = String(bare.dropFirst().reversed().drop { ".,:;!?)\"'".contains($0) }.reversed())
      if isGroup && name == "everyone" {
        hasEveryone = true
      } else if (try? UserID(name)) != nil, !users.contains(name),
        users.count < Limits.mentionsMax
      {
        users.append(name)
      }
    }
  }
}
