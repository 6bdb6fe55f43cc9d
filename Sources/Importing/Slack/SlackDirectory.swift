package import DaybookModel

/// Who is who: Slack's ids of users, bots and channels, and what they are called.
///
/// Slack's id is the identity, in small letters: it is the same in every export of a workspace,
/// whatever somebody or something is called by then. Names are only shown.
package struct SlackDirectory: Sendable {
  package struct Person: Sendable, Equatable {
    package var id: UserID
    /// Empty where nothing is known but the id.
    package var name: String

    init(_ id: UserID, named name: String) {
      self.id = id
      let shown = SlackDirectory.prefix(name, bytesMax: Limits.senderNameBytesMax)
      self.name = shown == id.text ? "" : shown
    }

    /// As a text mentions them.
    var shown: String { name.isEmpty ? id.text : name }
  }

  private static let botPrefix = "bot-"
  /// Slack's own voice, which not every export lists.
  static let slackbot = "USLACKBOT"

  private var people: [String: Person] = [:]
  private var channels: [String: String] = [:]

  /// Of two entries with one id the first counts.
  mutating func add(_ user: SlackUser) {
    guard people[user.id] == nil else { return }
    people[user.id] = Person(
      SlackDirectory.id(user.id), named: user.displayName.isEmpty ? user.name : user.displayName)
  }

  mutating func name(_ channel: String, _ name: String) { channels[channel] = name }

  func channelName(_ id: String) -> String? { channels[id] }

  func knows(_ slackID: String) -> Bool {
    people[slackID] != nil || slackID == SlackDirectory.slackbot
  }

  /// `name`: what an entry itself says, for whom the export doesn't list.
  package func person(_ slackID: String, named name: String = "") -> Person {
    people[slackID] ?? Person(SlackDirectory.id(slackID), named: name)
  }

  /// A program, by the id that Slack gave it; one of old times, which has none, by its name.
  func bot(id: String, name: String) -> Person {
    let source = id.isEmpty ? name : id
    return Person(
      UserID(checked: SlackDirectory.usable(SlackDirectory.botPrefix + source)), named: name)
  }

  private static func id(_ slackID: String) -> UserID {
    slackID == slackbot ? UserID(checked: "slackbot") : UserID(checked: usable(slackID))
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
