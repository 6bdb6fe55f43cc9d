package import DaybookModel

/// Who is who: Slack's ids of users, bots and channels, and what they are called here.
///
/// A user's id is the name in Slack, in small letters, where that can be an id and nobody else has
/// it; else it is made of Slack's id. Both are the same in every export of a workspace.
package struct SlackDirectory: Sendable {
  package struct Person: Sendable, Equatable {
    package var id: UserID
    /// Empty where it is the id.
    package var name: String

    init(_ id: UserID, named name: String) {
      self.id = id
      let shown = SlackDirectory.prefix(name, bytesMax: Limits.senderNameBytesMax)
      self.name = shown == id.text ? "" : shown
    }
  }

  private static let botPrefix = "bot-"
  /// Slack's own voice, which not every export lists.
  static let slackbot = "USLACKBOT"

  private var people: [String: Person] = [:]
  private var channels: [String: String] = [:]

  init(users: [SlackUser]) {
    var taken: Set<UserID> = []
    // By id, which never changes: so whoever has a name keeps it when others come.
    for user in users.sorted(by: { $0.id < $1.id }) where people[user.id] == nil {
      let id = SlackDirectory.id(of: user, taken)
      taken.insert(id)
      people[user.id] = Person(id, named: user.displayName.isEmpty ? user.name : user.displayName)
    }
  }

  private static func id(of user: SlackUser, _ taken: Set<UserID>) -> UserID {
    let name = user.name.lowercased()
    if !name.utf8.starts(with: botPrefix.utf8), let id = try? UserID(name), !taken.contains(id) {
      return id
    }
    let longer = "\(name)-\(user.id.lowercased())"
    if !name.isEmpty, !name.utf8.starts(with: botPrefix.utf8), let id = try? UserID(longer) {
      return id
    }
    return unlisted(user.id)
  }

  private static func unlisted(_ slackID: String) -> UserID {
    slackID == slackbot ? UserID(checked: "slackbot") : UserID(checked: usable(slackID))
  }

  mutating func name(_ channel: String, _ name: String) { channels[channel] = name }

  func channelName(_ id: String) -> String? { channels[id] }

  package func person(_ slackID: String) -> Person {
    people[slackID] ?? Person(SlackDirectory.unlisted(slackID), named: "")
  }

  func bot(id: String, name: String) -> Person {
    let source = id.isEmpty ? name : id
    return Person(
      UserID(checked: SlackDirectory.usable(SlackDirectory.botPrefix + source)), named: name)
  }

  /// In small letters, and with '-' for every character that an id can't have.
  static func usable(_ text: String) -> String {
    var usable = String.UnicodeScalarView()
    for scalar in text.lowercased().unicodeScalars {
      let isControl = scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value)
      usable.append(isControl || scalar == " " || scalar == "/" ? "-" : scalar)
    }
    let id = prefix(String(usable), bytesMax: Limits.idBytesMax)
    return id.isEmpty ? "-" : id
  }

  /// As much from the front as fits, in whole characters of Unicode.
  static func prefix(_ text: String, bytesMax: Int) -> String {
    guard text.utf8.count > bytesMax else { return text }
    var bytes = 0
    let scalars = text.unicodeScalars.prefix {
      bytes += String($0).utf8.count
      return bytes <= bytesMax
    }
    return String(String.UnicodeScalarView(scalars))
  }
}
