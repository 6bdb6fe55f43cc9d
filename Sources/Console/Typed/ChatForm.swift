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

  /// With one user, with or without `@`.
  private static func user(
    _ name: String, _ meaning: String, _ input: @escaping @Sendable (String) -> ChatInput
  ) -> ChatForm {
    ChatForm(name, "USER", meaning) { $0.user.map(input) }
  }

  /// With one group, with or without `#`.
  private static func group(
    _ name: String, _ meaning: String, _ input: @escaping @Sendable (String) -> ChatInput
  ) -> ChatForm {
    ChatForm(name, "GROUP", meaning) { $0.group.map(input) }
  }

  var usage: String { arguments.isEmpty ? name : "\(name) \(arguments)" }

  struct Section: Sendable {
    let title: String
    /// Those that come first to somebody who is new.
    let first: Set<String>
    let forms: [ChatForm]
  }

  static let sections = [
    Section(
      title: "Where to talk", first: ["/to", "/join", "/create", "/list", "/older", "/quit"],
      forms: places),
    Section(
      title: "Messages: N is the number in front of one of this conversation",
      first: ["/reply", "/edit", "/recall", "/react"], forms: messages),
    Section(title: "The open group", first: ["/invite", "/members"], forms: groups),
    Section(title: "Your conversations, people and devices", first: ["/online"], forms: own),
  ]

  static let named = Dictionary(
    uniqueKeysWithValues: sections.flatMap(\.forms).map { ($0.name, $0) })

  /// By name, how the arguments are written.
  static let arguments = named.mapValues(\.arguments)

  // MARK: the table

  private static let places = [
    ChatForm("/to", "WHERE", "talk to a user, or in a #group") { $0.place.map { .open($0) } },
    .group("/group", "open a group: to talk in yours, to look at others") { .open(.group($0)) },
    ChatForm("/join", "[GROUP]", "become a member of a group, and open it") {
      $0.isEmpty ? .join(nil) : $0.group.map { .join($0) }
    },
    .group("/create", "make a group, and open it") { .create($0) },
    ChatForm("/leave", "[GROUP]", "be no member any more") {
      $0.isEmpty ? .leave(nil) : $0.group.map { .leave($0) }
    },
    .group("/decline", "decline an invitation, or ask no longer") { .inGroup(.decline($0)) },
    ChatForm("/list", "your conversations, and what is unread in them", .list),
    ChatForm("/history", "[COUNT]", "the last messages here") {
      $0.isEmpty ? .history(ChatInput.historyDefault) : $0.number.map { .history($0) }
    },
    ChatForm("/older", "[COUNT]", "messages from before those that were shown") {
      $0.isEmpty ? .older(ChatInput.historyDefault) : $0.number.map { .older($0) }
    },
    ChatForm("/unread", "what you have not read", .unread),
    ChatForm("/typing", "tell them that you are typing", .typing),
    ChatForm("/help", "[COMMAND]", "what there is, or what a command does") {
      $0.isEmpty ? .help(nil) : $0.word.map { ChatForm.help(for: $0) }
    },
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
    .user("/invite", "invite a user") { .inGroup(.invite($0)) },
    .user("/remove", "remove a member") { .inGroup(.remove($0)) },
    .user("/admit", "let in who asks") { .inGroup(.admit($0)) },
    .user("/refuse", "refuse who asks, or withdraw an invitation") { .inGroup(.refuse($0)) },
    ChatForm("/role", "USER admin|member", "make a member an admin, or no longer one") {
      let words = $0.users
      guard words.count == 2, let role = GroupRole(rawValue: words[1]), role != .owner
      else { return nil }
      return .inGroup(.role(words[0], role))
    },
    .user("/owner", "hand the group over") { .inGroup(.owner($0)) },
    ChatForm("/silence", "USER|all", "let a member, or all but the admins, only read") {
      $0.isAll ? .inGroup(.silence(nil, true)) : $0.user.map { .inGroup(.silence($0, true)) }
    },
    ChatForm("/unsilence", "USER|all", "let them speak again") {
      $0.isAll ? .inGroup(.silence(nil, false)) : $0.user.map { .inGroup(.silence($0, false)) }
    },
    ChatForm("/title", "TEXT", "call it something else") {
      $0.text.map { .inGroup(.title($0)) }
    },
    ChatForm("/describe", "TEXT", "say what it is for") {
      $0.text.map { .inGroup(.describe($0)) }
    },
    ChatForm("/policy", "open|approval|invitation", "who gets in") {
      $0.word.flatMap { GroupJoinPolicy(rawValue: $0) }.map { .inGroup(.policy($0)) }
    },
    ChatForm("/history-shown", "on|off", "whether new members see what was said before") {
      $0.isOn.map { .inGroup(.historyShown($0)) }
    },
    ChatForm("/dissolve", "end the group for good, for everybody", .inGroup(.dissolve)),
  ]

  private static let own = [
    ChatForm("/quiet", "on|off", "show nothing of this one while it isn't open") {
      $0.isOn.map { .own(.quiet($0)) }
    },
    ChatForm("/pin", "on|off", "pin this one") { $0.isOn.map { .own(.pin($0)) } },
    ChatForm("/mark-unread", "mark this one as unread, and close it", .own(.markUnread)),
    ChatForm("/clear", "delete what was said here, for you only", .own(.clear)),
    ChatForm("/online", "[USER…]", "who is there, of these or of this conversation") {
      .online($0.users)
    },
    ChatForm("/seen", "USER…", "when these were there last") {
      $0.isEmpty ? nil : .online($0.users)
    },
    .user("/block", "take nothing from a user") { .own(.block($0)) },
    .user("/unblock", "take it again") { .own(.unblock($0)) },
    ChatForm("/blocked", "whom you have blocked", .own(.blocked)),
    ChatForm("/devices", "where you are logged in", .own(.devices)),
    ChatForm("/forget", "DEVICE", "log a device out, and keep nothing for it") {
      $0.word.map { .own(.forget($0)) }
    },
  ]
}
