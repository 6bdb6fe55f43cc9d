import DaybookModel
import DaybookSDK

/// How a command is written, what it does, and what it is read as.
package struct ChatForm: Sendable {
  let name: String
  let arguments: String
  let meaning: String
  /// Nil for arguments that it doesn't take.
  let read: @Sendable (ChatArguments) -> ChatInput?

  init(
    _ name: String, _ arguments: String = "", _ meaning: String,
    read: @escaping @Sendable (ChatArguments) -> ChatInput?
  ) {
    self.name = name
    self.arguments = arguments
    self.meaning = meaning
    self.read = read
  }

  /// Without arguments.
  init(_ name: String, _ meaning: String, _ input: ChatInput) {
    self.init(name, "", meaning) { $0.isEmpty ? input : nil }
  }

  /// With one word.
  private static func word(
    _ name: String, _ word: String, _ meaning: String,
    _ input: @escaping @Sendable (String) -> ChatInput
  ) -> ChatForm {
    ChatForm(name, word, meaning) { $0.word.map(input) }
  }

  var usage: String { arguments.isEmpty ? name : "\(name) \(arguments)" }

  struct Section: Sendable {
    let title: String
    let forms: [ChatForm]
  }

  static let sections = [
    Section(title: "Where to talk", forms: places),
    Section(title: "Messages: N is the number in front of one", forms: messages),
    Section(title: "The open group", forms: groups),
    Section(title: "Your conversations, people and devices", forms: own),
  ]

  static let named = Dictionary(
    uniqueKeysWithValues: sections.flatMap(\.forms).map { ($0.name, $0) })

  private static let usageWidth = 25

  package static let help: String = {
    var lines: [String] = []
    for section in sections {
      if !lines.isEmpty { lines.append("") }
      lines.append(section.title)
      for form in section.forms {
        lines.append("  \(Terminal.padded(form.usage, to: usageWidth)) \(form.meaning)")
      }
    }
    lines.append("")
    lines.append("Anything else is sent; @USER in it mentions that user, @everyone a whole group.")
    lines.append("✓ means stored, ✓✓ delivered or read. Times are UTC.")
    return lines.joined(separator: "\n")
  }()

  // MARK: the table

  private static let places = [
    .word("/to", "USER", "talk to a user") { .to($0) },
    .word("/group", "NAME", "talk in a group; it is made if there is none") { .group($0) },
    ChatForm("/join", "[NAME]", "become a member of a group and talk there") {
      $0.isEmpty ? .join(nil) : $0.word.map { .join($0) }
    },
    ChatForm("/leave", "[NAME]", "be no member any more") {
      $0.isEmpty ? .leave(nil) : $0.word.map { .leave($0) }
    },
    ChatForm("/decline", "NAME", "decline an invitation, or ask no longer") {
      $0.word.map { .inGroup(.decline($0)) }
    },
    ChatForm("/history", "[N]", "the last N messages here") {
      $0.isEmpty ? .history(ChatInput.historyDefault) : $0.number.map { .history($0) }
    },
    ChatForm("/unread", "what you have not read", .unread),
    ChatForm("/typing", "tell them that you are typing", .typing),
    ChatForm("/help", "", "this") { _ in .help },
    ChatForm("/quit", "", "leave (so does the end of the input)") { _ in .quit },
  ]

  private static let messages = [
    ChatForm("/reply", "N TEXT", "answer a message") { arguments in
      arguments.numbered.flatMap { about in
        about.rest.text.map { .message(.reply(about.number, $0)) }
      }
    },
    ChatForm("/edit", "[N] TEXT", "change what a message of yours says") {
      if let (number, rest) = $0.numbered {
        return rest.text.map { .message(.edit(number, $0)) }
      }
      return $0.text.map { .message(.edit(nil, $0)) }
    },
    ChatForm("/recall", "[N]", "take a message, or your last one, back") {
      $0.isEmpty ? .message(.recall(nil)) : $0.number.map { .message(.recall($0)) }
    },
    ChatForm("/react", "N EMOJI", "react to a message") { arguments in
      arguments.numbered.flatMap { about in
        about.rest.word.map { .message(.react(about.number, $0)) }
      }
    },
    ChatForm("/unreact", "N EMOJI", "take a reaction back") { arguments in
      arguments.numbered.flatMap { about in
        about.rest.word.map { .message(.unreact(about.number, $0)) }
      }
    },
    ChatForm("/forward", "N WHERE", "send a message on, to a user or to a #group") { arguments in
      arguments.numbered.flatMap { about in
        about.rest.place.map { .message(.forward(about.number, to: $0)) }
      }
    },
    ChatForm("/who", "[N]", "who has read a message, or your last one") {
      $0.isEmpty ? .message(.receipts(nil)) : $0.number.map { .message(.receipts($0)) }
    },
    ChatForm("/keep", "DAYS TEXT", "send what is shown for some days only") { arguments in
      arguments.numbered.flatMap { about in
        about.rest.text.map { .message(.keep(about.number, $0)) }
      }
    },
    ChatForm("/now", "TEXT", "send to who is online, and store it nowhere") {
      $0.text.map { .message(.transient($0)) }
    },
    ChatForm("//text", "", "send text that begins with a slash") { _ in nil },
  ]

  private static let groups = [
    ChatForm("/group-info", "what it is, and who waits to be let in", .inGroup(.info)),
    ChatForm("/members", "who is in it", .inGroup(.members)),
    .word("/invite", "USER", "invite a user") { .inGroup(.invite($0)) },
    .word("/remove", "USER", "remove a member") { .inGroup(.remove($0)) },
    .word("/admit", "USER", "let in who asks") { .inGroup(.admit($0)) },
    .word(
      "/refuse", "USER", "refuse who asks, or withdraw an invitation"
    ) { .inGroup(.refuse($0)) },
    ChatForm("/role", "USER admin|member", "make a member an admin, or no longer one") {
      let words = $0.words
      guard words.count == 2, let role = GroupRole(rawValue: words[1]), role != .owner
      else { return nil }
      return .inGroup(.role(words[0], role))
    },
    .word("/owner", "USER", "hand the group over") { .inGroup(.owner($0)) },
    ChatForm("/silence", "USER|all", "let a member, or all but the admins, only read") {
      $0.word.map { .inGroup(.silence($0 == "all" ? nil : $0, true)) }
    },
    ChatForm("/unsilence", "USER|all", "let them speak again") {
      $0.word.map { .inGroup(.silence($0 == "all" ? nil : $0, false)) }
    },
    ChatForm("/title", "TEXT", "call it something else") {
      $0.text.map { .inGroup(.title($0)) }
    },
    ChatForm("/describe", "TEXT", "say what it is for") {
      $0.text.map { .inGroup(.describe($0)) }
    },
    ChatForm("/policy", "HOW", "who gets in: open, approval or invitation") {
      $0.word.flatMap { GroupJoinPolicy(rawValue: $0) }.map { .inGroup(.policy($0)) }
    },
    ChatForm("/history-shown", "on|off", "whether new members see what was said before") {
      $0.isOn.map { .inGroup(.historyShown($0)) }
    },
    ChatForm("/dissolve", "end the group for good, for everybody", .inGroup(.dissolve)),
  ]

  private static let own = [
    ChatForm("/conversations", "those that you have marked", .own(.conversations)),
    ChatForm("/quiet", "on|off", "show nothing of this one while it isn't open") {
      $0.isOn.map { .own(.quiet($0)) }
    },
    ChatForm("/pin", "on|off", "pin this one") { $0.isOn.map { .own(.pin($0)) } },
    ChatForm("/mark-unread", "mark this one as unread, and close it", .own(.markUnread)),
    ChatForm("/clear", "delete what was said here, for you only", .own(.clear)),
    ChatForm("/online", "[USER…]", "who is there, of these or of this conversation") {
      .online($0.words)
    },
    ChatForm("/seen", "USER…", "when these were there last") {
      $0.isEmpty ? nil : .online($0.words)
    },
    .word("/block", "USER", "take nothing from a user") { .own(.block($0)) },
    .word("/unblock", "USER", "take it again") { .own(.unblock($0)) },
    ChatForm("/blocked", "whom you have blocked", .own(.blocked)),
    ChatForm("/devices", "where you are logged in", .own(.devices)),
    .word(
      "/forget", "DEVICE", "log a device out, and keep nothing for it"
    ) { .own(.forget($0)) },
  ]
}
