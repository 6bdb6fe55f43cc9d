import DaybookModel
import DaybookSDK

/// How the console client words what happens beside messages.
extension ChatText {
  /// The line for an event that is no message; nil for one that says nothing to this reader.
  static func news(
    _ event: ClientEvent, for reader: ChatReader, shown: ShownMessages
  ) -> String? {
    switch event {
    case .recalled(let recall): news(recall, for: reader, shown)
    case .reaction(let reaction): news(reaction, for: reader, shown)
    case .marked(let marked): line(marked)
    case .cleared(let conversation, _):
      "\(name(conversation)): what was said is deleted, for you only"
    case .blocked(let user): "you blocked \(Terminal.safe(user))"
    case .unblocked(let user): "you no longer block \(Terminal.safe(user))"
    case .deviceForgotten(let device): "your device \(Terminal.safe(device)) is logged out"
    case .tokensRevoked(let device, let token): line(device, token)
    case .presence(let presence): line(presence, reader.clock)
    case .typing(let user, let conversation):
      "\(mark(conversation, nil, for: reader))\(Terminal.safe(user)) is typing…"
    case .delayed(let error):
      "the server can't take it now, still trying (\(problem(error)))"
    case .message, .status, .edited, .read, .caughtUp, .connection: nil
    default: membership(event, me: reader.me) ?? groupNews(event, me: reader.me)
    }
  }

  /// Which of one's tokens are void.
  private static func line(_ device: String?, _ token: String?) -> String {
    let what =
      token != nil
      ? "a token of yours" : device.map { "the tokens of your device \(Terminal.safe($0))" }
    return "the server's operator has made \(what ?? "all your tokens") void"
  }

  /// `[12] alice: new text (edited)`
  static func edited(_ edit: MessageEdit, number: Int?, for reader: ChatReader) -> String {
    let mark = mark(edit.conversation, number, for: reader)
    return "\(mark)\(person(edit.by, me: reader.me)): \(content(edit.content)) (edited)"
  }

  /// `[12] alice: [recalled]`
  private static func news(
    _ recall: MessageRecall, for reader: ChatReader, _ shown: ShownMessages
  ) -> String {
    guard let entry = shown.entry(of: recall.messageID, in: recall.conversation) else {
      let mark = mark(recall.conversation, nil, for: reader)
      return "\(mark)\(person(recall.by, me: reader.me)): [recalled] an earlier message"
    }
    let mark = mark(recall.conversation, entry.number, for: reader)
    return "\(mark)\(entry.author): \(recalled(by: recall.by, author: entry.from, me: reader.me))"
  }

  private static func news(
    _ reaction: MessageReaction, for reader: ChatReader, _ shown: ShownMessages
  ) -> String {
    let mark = mark(reaction.conversation, nil, for: reader)
    let entry = shown.entry(of: reaction.messageID, in: reaction.conversation)
    let isHere = reaction.conversation == reader.open
    let what =
      entry.map { entry in
        isHere && entry.number > 0 ? "[\(entry.number)] \(quote(entry))" : quote(entry)
      } ?? "an earlier message"
    let verb = reaction.isRemoved ? "took back" : "reacted"
    return "\(mark)\(person(reaction.by, me: reader.me)) \(verb) "
      + "\(Terminal.safe(reaction.reaction)) to \(what)"
  }

  /// Who is in a group, and who isn't.
  private static func membership(_ event: ClientEvent, me: String) -> String? {
    func people(_ user: String) -> String { person(user, me: me) }
    switch event {
    case .groupJoined(let group): return "you are a member of \(name(.group(group)))"
    case .groupLeft(let group): return "you are no member of \(name(.group(group))) any more"
    case .invited(let group, let by):
      let id = Terminal.safe(group)
      return "\(people(by)) invited you to #\(id): /join \(id) or /decline \(id)"
    case .refused(let group, let by):
      return isMe(by, me)
        ? "you no longer ask to be in #\(Terminal.safe(group)), nor are invited"
        : "\(people(by)) refused you in \(name(.group(group)))"
    case .memberJoined(let group, let user, let by?):
      return "\(people(by)) let \(people(user)) into \(name(.group(group)))"
    // Of oneself, the own list of groups tells.
    case .memberJoined(let group, let user, nil):
      return isMe(user, me) ? nil : "\(people(user)) joined \(name(.group(group)))"
    case .memberLeft(let group, let user, let by?):
      return "\(people(by)) removed \(people(user)) from \(name(.group(group)))"
    case .memberLeft(let group, let user, nil):
      return isMe(user, me) ? nil : "\(people(user)) left \(name(.group(group)))"
    case .memberInvited(let group, let user, let by):
      return "\(people(by)) invited \(people(user)) to \(name(.group(group)))"
    case .joinRequested(let group, let user):
      let id = Terminal.safe(user)
      return "\(id) asks to be let into \(name(.group(group))): /admit \(id) or /refuse \(id)"
    case .joinRefused(let group, let user, let by?):
      return "\(people(by)) refused \(people(user)) in \(name(.group(group)))"
    case .joinRefused(let group, let user, nil):
      return "\(people(user)) doesn't want to be in \(name(.group(group))) any more"
    default: return nil
    }
  }

  /// What a group is, and who may do what there.
  private static func groupNews(_ event: ClientEvent, me: String) -> String? {
    func people(_ user: String) -> String { person(user, me: me) }
    switch event {
    case .groupCreated(let group, _, let by):
      return isMe(by, me) ? nil : "\(people(by)) made \(name(.group(group)))"
    case .groupChanged(let group, let attributes, let by):
      return "\(people(by)) changed \(name(.group(group))): \(line(attributes))"
    case .groupDissolved(let group, let by):
      return "\(people(by)) ended \(name(.group(group))) for good"
    case .roleChanged(let group, let user, .owner, let by?):
      return "\(people(by)) handed \(name(.group(group))) over to \(people(user))"
    case .roleChanged(let group, let user, .owner, nil):
      return "the owner of \(name(.group(group))) is now \(people(user))"
    case .roleChanged(let group, let user, let role, let by):
      let what = role == .admin ? "an admin" : "no more than a member"
      return "\(by.map(people) ?? "the server") made \(people(user)) \(what) "
        + "of \(name(.group(group)))"
    case .memberSilenced(let group, let user, let isSilenced, let by):
      return "\(people(by)) \(isSilenced ? "silenced" : "gave their voice back to") "
        + "\(people(user)) in \(name(.group(group)))"
    default: return nil
    }
  }
}
