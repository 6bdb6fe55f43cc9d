import DaybookSDK

/// What a person typed into the console client.
enum ChatInput: Equatable {
  case text(String)
  /// Of one command; nil: an overview.
  case help(String?)
  case open(Conversation)
  /// Nil: the open group.
  case join(String?)
  case leave(String?)
  case create(String)
  case list
  case history(Int)
  case older(Int)
  case unread
  /// Users, or nobody: those of the open conversation.
  case online([String])
  case typing
  case quit
  case nothing
  case message(MessageInput)
  case inGroup(GroupInput)
  case own(OwnInput)
  /// A line that is no command, and how it would be one.
  case wrong(String)

  /// About a message, by the number that stands in front of it. Nil: the own last one here.
  enum MessageInput: Equatable {
    case reply(Int, String)
    case edit(Int?, String)
    case recall(Int?)
    case react(Int, String)
    case unreact(Int, String)
    case forward(Int, to: Conversation)
    case receipts(Int?)
    /// For so many days.
    case keep(Int, String)
    case transient(String)
  }

  /// About the open group, but for `decline`, which names one.
  enum GroupInput: Equatable {
    case info
    case members
    case invite(String)
    case remove(String)
    case admit(String)
    case refuse(String)
    case decline(String)
    case role(String, GroupRole)
    case owner(String)
    /// Nil: everybody but the admins.
    case silence(String?, Bool)
    case title(String)
    case describe(String)
    case policy(GroupJoinPolicy)
    case historyShown(Bool)
    case dissolve
  }

  /// About the person's own list of conversations, people and devices.
  enum OwnInput: Equatable {
    case quiet(Bool)
    case pin(Bool)
    case markUnread
    case clear
    case block(String)
    case unblock(String)
    case blocked
    case devices
    case forget(String)
  }

  static let historyDefault = 20

  init(_ line: EnteredLine) {
    self.init(line.text, isText: line.isText)
  }

  /// `isText`: whatever it begins with.
  init(_ line: String, isText: Bool = false) {
    guard line.hasPrefix("/"), !isText else {
      self = line.isEmpty ? .nothing : .text(line)
      return
    }
    if line.hasPrefix("//") {
      self = .text(String(line.dropFirst()))
      return
    }
    let parts = line.split(separator: " ", maxSplits: 1)
    guard let form = ChatForm.named[String(parts[0])] else {
      self = .wrong(ChatForm.unknown(String(parts[0])))
      return
    }
    let arguments = ChatArguments(parts.count > 1 ? parts[1] : "")
    self = form.read(arguments) ?? .wrong(form.advice)
  }
}

/// What stands behind a command.
struct ChatArguments {
  private let rest: Substring

  init(_ rest: Substring) { self.rest = rest.drop { $0 == " " } }

  var words: [String] { rest.split(separator: " ").map(String.init) }
  var isEmpty: Bool { words.isEmpty }

  /// The only word.
  var word: String? {
    let words = words
    return words.count == 1 ? words[0] : nil
  }

  /// All of it, if there is some.
  var text: String? { isEmpty ? nil : String(rest) }

  /// The only word as a user: `ann`, or `@ann`.
  var user: String? { users.count == 1 ? users[0] : nil }
  var users: [String] { words.map { ChatArguments.bare($0, "@") } }

  /// The only word as a group: `fun`, or `#fun`.
  var group: String? { word.map { ChatArguments.bare($0, "#") } }

  /// Without one sign of its kind in front.
  private static func bare(_ word: String, _ sign: Character) -> String {
    word.first == sign && word.count > 1 ? String(word.dropFirst()) : word
  }

  var isAll: Bool { word == "all" }

  /// The only word, if it is one of these.
  var isOn: Bool? {
    switch word {
    case "on": true
    case "off": false
    default: nil
    }
  }

  /// A message's number, also as it is shown: `[12]`.
  static func number(_ word: some StringProtocol) -> Int? {
    let digits =
      word.hasPrefix("[") && word.hasSuffix("]")
      ? String(word.dropFirst().dropLast()) : String(word)
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    return Int(digits).flatMap { $0 > 0 ? $0 : nil }
  }

  var number: Int? { word.flatMap { ChatArguments.number($0) } }

  /// A number, and what stands behind it.
  var numbered: (number: Int, rest: ChatArguments)? {
    let parts = rest.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, let number = ChatArguments.number(parts[0]) else { return nil }
    return (number, ChatArguments(parts[1]))
  }

  /// The only word as a place to talk: a user, also as `@user`, or `#group`.
  var place: Conversation? {
    word.map { word in
      if word.hasPrefix("#"), word.count > 1 { return .group(String(word.dropFirst())) }
      return Conversation(word) ?? .user(ChatArguments.bare(word, "@"))
    }
  }
}
