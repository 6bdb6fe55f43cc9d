import DaybookModel
import DaybookSDK

/// How the console client words what it was asked for.
extension ChatText {
  static let receiptsShownMax = 50

  static func unread(_ counts: UnreadCounts) -> String {
    if counts.isEmpty { return "nothing unread" }
    var lines = counts.conversations.map { one in
      var facts: [String] = []
      if one.unread > 0 { facts.append("\(count(one.unread)) unread") }
      if one.mentions > 0 { facts.append("\(count(one.mentions)) of them for you") }
      if one.isMarked { facts.append("marked as unread") }
      if one.isQuiet { facts.append("quiet") }
      return "\(name(one.conversation)): \(facts.joined(separator: ", "))"
    }
    if counts.conversations.count > 1 {
      let quiet = counts.quietTotal > 0 ? ", and \(count(counts.quietTotal)) in quiet ones" : ""
      lines.append("\(count(counts.total)) unread in all\(quiet)")
    }
    return lines.joined(separator: "\n")
  }

  /// Without the conversation, where it has no mark.
  static func line(_ marked: MarkedConversation) -> String {
    var marks: [String] = []
    if marked.isPinned { marks.append("pinned") }
    if marked.isQuiet { marks.append("quiet") }
    if marked.isMarkedUnread { marks.append("marked as unread") }
    let all = marks.isEmpty ? "not marked" : marks.joined(separator: ", ")
    return "\(name(marked.conversation)): \(all)"
  }

  /// Of a conversation in which nothing is: whether there is such a user nobody may ask, but what is
  /// sent is kept for whoever comes under that name.
  static func empty(_ conversation: Conversation, _ me: String) -> String? {
    guard case .user(let peer) = conversation, !isMe(peer, me) else { return nil }
    let name = Terminal.safe(peer)
    return "nothing is here yet; what you send waits for \(name), even if nobody of that name "
      + "has been here so far"
  }

  /// Of an invitation of somebody with whom the user has had nothing to do.
  static func stranger(_ user: String) -> String {
    let name = Terminal.safe(user)
    return "you have had nothing to do with \(name) so far: if the name is wrong, /refuse \(name) "
      + "takes the invitation back"
  }

  /// One of the list of conversations: what is unread there, and how it is marked.
  struct Listed: Equatable {
    var conversation: Conversation
    var unread: UInt64 = 0
    var mentions: UInt64 = 0
    var isOpen = false
    var isPinned = false
    var isQuiet = false
    var isMarkedUnread = false
  }

  /// Pinned ones first, then those with something unread; then by name.
  static func list(_ all: [Listed]) -> String {
    if all.isEmpty { return "no conversations yet: /to USER, /join GROUP or /create GROUP" }
    func rank(_ one: Listed) -> Int {
      one.isPinned ? 0 : one.unread > 0 || one.isMarkedUnread ? 1 : 2
    }
    return all.sorted {
      (rank($0), name($0.conversation)) < (rank($1), name($1.conversation))
    }.map { one in
      var facts: [String] = []
      if one.unread > 0 { facts.append("\(count(one.unread)) unread") }
      if one.mentions > 0 { facts.append("\(count(one.mentions)) of them for you") }
      if one.isMarkedUnread { facts.append("marked as unread") }
      if one.isPinned { facts.append("pinned") }
      if one.isQuiet { facts.append("quiet") }
      if one.isOpen { facts.append("here") }
      let all = facts.joined(separator: ", ")
      return name(one.conversation) + (all.isEmpty ? "" : ": \(all)")
    }.joined(separator: "\n")
  }

  static func blocked(_ users: [String]) -> String {
    users.isEmpty
      ? "you block nobody" : users.map { Terminal.safe($0) }.joined(separator: "\n")
  }

  static func line(_ presence: UserPresence, _ clock: ChatClock) -> String {
    let user = Terminal.safe(presence.user)
    if presence.isOnline {
      let devices = presence.devices.map { Terminal.safe($0) }.joined(separator: ", ")
      return "\(user) is online" + (devices.isEmpty ? "" : " (\(devices))")
    }
    let last = presence.lastSeen.map { ", last seen \(clock.moment($0))" } ?? ""
    return "\(user) is offline\(last)"
  }

  static func devices(
    _ devices: [UserDevice], this: String?, _ clock: ChatClock
  ) -> String {
    devices.map { device in
      let state =
        device.isOnline
        ? "online"
        : device.lastSeen.map { "last seen \(clock.moment($0))" } ?? "never online"
      let kind = device.deviceClass.map { ", \(Terminal.safe($0))" } ?? ""
      return "\(Terminal.safe(device.id))\(kind): \(state)\(device.id == this ? " (this one)" : "")"
    }.joined(separator: "\n")
  }

  static func receipts(
    _ receipts: MessageReceipts, of number: Int, for reader: ChatReader
  ) -> String {
    let all = receipts.readCount + receipts.unreadCount
    var lines = ["[\(number)] read by \(receipts.readCount) of \(all)"]
    for receipt in receipts.receipts.prefix(receiptsShownMax) {
      let state =
        receipt.readAt.map { "read \(reader.clock.moment($0))" }
        ?? receipt.deliveredAt.map { "delivered \(reader.clock.moment($0))" }
        ?? "not read"
      lines.append("  \(person(receipt.user, me: reader.me)): \(state)")
    }
    let rest = Int(all) - (lines.count - 1)
    if rest > 0 { lines.append("  and \(rest) more") }
    return lines.joined(separator: "\n")
  }

  static func members(_ members: [GroupMembership], me: String) -> String {
    // Who keeps order first; all by their ids.
    let roles = [GroupRole.owner, .admin, .member]
    return roles.flatMap { role in
      members.filter { $0.role == role }.map { member in
        person(member.user, me: me) + (role == .member ? "" : " (\(role.rawValue))")
      }
    }.joined(separator: "\n")
  }

  static func line(_ attributes: GroupAttributes) -> String {
    var facts: [String] = []
    if !attributes.title.isEmpty { facts.append("\"\(Terminal.safe(attributes.title))\"") }
    if !attributes.description.isEmpty { facts.append(Terminal.safe(attributes.description)) }
    facts.append(words(for: attributes.joinPolicy))
    if attributes.isHistoryShown { facts.append(words(forHistoryShown: true)) }
    if attributes.isSilenced { facts.append("only admins may speak") }
    return facts.joined(separator: ", ")
  }

  static func words(for policy: GroupJoinPolicy) -> String {
    switch policy {
    case .open: "all may join"
    case .approval: "admins let in who asks"
    case .invitation: "by invitation only"
    }
  }

  static func words(forHistoryShown isShown: Bool) -> String {
    "new members \(isShown ? "" : "don't ")see what was said before"
  }

  static func group(_ info: GroupInfo, me: String) -> String {
    let group = name(.group(info.id))
    guard !info.isDissolved else { return "\(group) was ended for good" }
    var lines = ["\(group): \(line(info.attributes))"]
    let owner = info.owner.map { "the owner is \(person($0, me: me))" } ?? "nobody owns it"
    let online = info.role == nil ? "" : ", \(info.onlineCount) online"
    lines.append("\(owner), members: \(info.memberCount)\(online)")
    switch info.role {
    case .owner?: break
    case .admin?: lines.append("you are an admin")
    case .member?: lines.append("you are a member")
    case nil: lines.append("you are no member")
    }
    if !info.requests.isEmpty {
      let users = info.requests.map { Terminal.safe($0) }.joined(separator: ", ")
      lines.append("these ask to be let in: \(users)")
    }
    return lines.joined(separator: "\n")
  }

  /// Why nothing can be said in a group of which one is no member, and what to do about it.
  static func whyMute(_ info: GroupInfo) -> String {
    if info.isDissolved { return ended(info.id) }
    let id = Terminal.safe(info.id)
    return switch info.attributes.joinPolicy {
    case .open: "you are no member of #\(id): /join \(id) makes you one"
    case .approval: "you are no member of #\(id): /join \(id) asks to be let in"
    case .invitation: "you are no member of #\(id), and get in only if a member invites you"
    }
  }
}
