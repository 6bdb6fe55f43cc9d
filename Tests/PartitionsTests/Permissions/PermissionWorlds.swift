import DaybookModel
import Ports

@testable import Partitions

/// Somebody who asks for something; nil is a service that acts for nobody.
typealias Asker = UserID?

/// A command of the table, as it is asked in a world.
struct PermissionRow<World>: Sendable {
  /// Begins with the name of the command's case, in backticks.
  var label: String
  /// When the limit for recalls is over.
  var isLate = false
  var body: @Sendable (_ world: World, _ asker: UserID) -> Command.Body

  init(
    _ label: String, isLate: Bool = false,
    body: @escaping @Sendable (_ world: World, _ asker: UserID) -> Command.Body
  ) {
    self.label = label
    self.isLate = isLate
    self.body = body
  }

  var command: String { String(label.dropFirst().prefix { $0 != "`" }) }
}

/// What a decision is called in the table.
func outcome(of decision: Decision, asking body: Command.Body) -> String {
  switch decision {
  case .reject(let error): return error.code.name
  case .append(let event, _)
  where event.kind == .messageWithheld || event.kind == .amendmentWithheld:
    return "withheld"
  case .refuse(_, let error): return error.code.name
  case .append(_, .position), .answer(.position), .append(_, .nextNumber), .answer(.nextNumber):
    return "ok"
  case .append(_, .done(let result)), .answer(.done(let result)):
    if result.pending { return "pending" }
    switch body {
    case .inspectContact, .checkToken: return "ok"
    case .sendTransient where !result.changed: return "withheld"
    default: return result.changed ? "ok" : "nothing"
    }
  }
}

/// A group with somebody in every column, and somebody for them to do things to.
struct GroupWorld {
  static let stream = StreamKey.group(ubuntu)
  static let columns: [(name: String, asker: Asker)] = [
    ("owner", UserID(checked: "owner")), ("admin", UserID(checked: "admin")),
    ("member", UserID(checked: "member")), ("silenced member", UserID(checked: "silenced")),
    ("invited", UserID(checked: "invited")), ("requested", UserID(checked: "requested")),
    ("former member", UserID(checked: "former")), ("stranger", UserID(checked: "stranger")),
    ("service without a user", nil),
  ]

  var desk = Desk()
  private var own: [UserID: MessageReference] = [:]
  private var recalled: [UserID: MessageReference] = [:]
  /// Of another member.
  private(set) var others: MessageReference

  /// In the state that a table's title names.
  init(_ state: String) {
    let (stream, owner) = (GroupWorld.stream, GroupWorld.user("owner"))
    let joining = ["admin", "member", "silenced", "former", "otherAdmin", "otherMember"]
      .map(GroupWorld.user)
    desk.done(.createGroup(GroupSettings(title: "talk")), on: stream, by: owner)
    for user in joining { desk.done(.join, on: stream, by: user) }
    for user in ["admin", "otherAdmin"].map(GroupWorld.user) {
      desk.done(.changeRole(user, .admin), on: stream, by: owner)
    }
    others = desk.sent(to: stream, by: GroupWorld.user("otherMember"))
    for user in [owner] + joining {
      own[user] = desk.sent(to: stream, by: user)
      let taken = desk.sent(to: stream, by: user)
      desk.done(.recall(taken), on: stream, by: user)
      recalled[user] = taken
      desk.done(.react(others, reaction: "+1", isRemoved: false), on: stream, by: user)
      desk.done(.openCursor(registration: Seq(1)), on: stream, by: user, device: phone)
    }
    for name in ["silenced", "otherSilenced"] {
      desk.done(.join, on: stream, by: GroupWorld.user(name))
      desk.done(.silence(GroupWorld.user(name), true), on: stream, by: owner)
    }
    desk.done(.leave, on: stream, by: GroupWorld.user("former"))
    change(GroupChange(joinPolicy: .approval))
    for name in ["requested", "otherRequested"] {
      desk.done(.join, on: stream, by: GroupWorld.user(name))
    }
    for name in ["invited", "otherInvited"] {
      desk.done(.invite(GroupWorld.user(name)), on: stream, by: owner)
    }
    switch state {
    case "An open group": change(GroupChange(joinPolicy: .open))
    case "A group that is joined by approval": break
    case "A group that is joined by invitation": change(GroupChange(joinPolicy: .invitation))
    case "An open group in which everyone is silenced":
      change(GroupChange(joinPolicy: .open, isSilenced: true))
    case "A group that was dissolved": desk.done(.dissolve, on: stream, by: owner)
    default: fatalError("no group is in the state '\(state)'")
    }
  }

  static let states = [
    "An open group", "A group that is joined by approval",
    "A group that is joined by invitation", "An open group in which everyone is silenced",
    "A group that was dissolved",
  ]

  static func user(_ name: String) -> UserID { UserID(checked: name) }

  private mutating func change(_ change: GroupChange) {
    desk.done(.changeGroup(change), on: GroupWorld.stream, by: GroupWorld.user("owner"))
  }

  var head: Seq { desk.state.group(GroupWorld.stream)?.head ?? .none }

  /// Who never was a member has none, and names that of another.
  func own(_ user: UserID) -> MessageReference { own[user] ?? othersAs(user) }
  func recalled(_ user: UserID) -> MessageReference { recalled[user] ?? othersAs(user) }

  private func othersAs(_ user: UserID) -> MessageReference {
    MessageReference(
      seq: others.seq, messageID: others.messageID, author: user, sentAt: others.sentAt)
  }

  func outcome(of row: PermissionRow<GroupWorld>, for asker: Asker) -> String {
    var desk = desk
    if row.isLate { desk.wait(milliseconds: 90_000_000) }
    let body = row.body(self, asker ?? GroupWorld.user("stranger"))
    let decision = desk.decide(
      body, on: GroupWorld.stream, by: asker, device: asker == nil ? nil : phone,
      service: asker == nil ? ServiceID(checked: "service") : nil)
    return PartitionsTests.outcome(of: decision, asking: body)
  }
}

/// Somebody's mailbox, with who talks there and who no longer may.
struct MailboxWorld {
  static let owner = UserID(checked: "owner")
  static let stream = StreamKey.user(owner)
  static let columns: [(name: String, asker: Asker)] = [
    ("owner", owner), ("peer", UserID(checked: "peer")), ("blocked", UserID(checked: "blocked")),
    ("blocked, hidden", UserID(checked: "blocked")), ("stranger", UserID(checked: "stranger")),
    ("service without a user", nil),
  ]

  private(set) var desk = Desk()
  private var own: [UserID: MessageReference] = [:]
  private var recalled: [UserID: MessageReference] = [:]
  private(set) var others: MessageReference

  init() {
    let (stream, owner) = (MailboxWorld.stream, MailboxWorld.owner)
    desk.done(.openCursor(), on: stream, by: owner, device: phone)
    others = desk.sent(to: stream, by: UserID(checked: "other"))
    desk.done(.react(others, reaction: "+1", isRemoved: false), on: stream, by: owner)
    for user in [owner, UserID(checked: "peer"), UserID(checked: "blocked")] {
      own[user] = desk.sent(to: stream, by: user)
      desk.done(.react(own[user]!, reaction: "+1", isRemoved: false), on: stream, by: user)
      let taken = desk.sent(to: stream, by: user)
      desk.done(.recall(taken), on: stream, by: user)
      recalled[user] = taken
      if user != owner { _ = desk.sent(to: .user(user), by: owner) }
    }
    desk.done(.createGroup(GroupSettings(title: "")), on: .group(ubuntu), by: owner)
    desk.relay()
    desk.done(.block(UserID(checked: "blocked"), true), on: stream, by: owner)
    desk.done(.mark(.group(ubuntu), MarksChange(isQuiet: true)), on: stream, by: owner)
  }

  var head: Seq { desk.state.mailbox(MailboxWorld.stream)?.head ?? .none }

  /// Who never wrote has none: what is named is nowhere.
  func own(_ user: UserID) -> MessageReference { own[user] ?? nowhere(user) }
  func recalled(_ user: UserID) -> MessageReference { recalled[user] ?? nowhere(user) }

  private func nowhere(_ user: UserID) -> MessageReference {
    MessageReference(seq: head.next, messageID: MessageID(7), author: user, sentAt: start)
  }

  func outcome(
    of row: PermissionRow<MailboxWorld>, for asker: Asker, hidesBlocks: Bool
  ) -> String {
    var desk = desk
    desk.policy.hidesBlocks = hidesBlocks
    if row.isLate { desk.wait(milliseconds: 90_000_000) }
    let body = row.body(self, asker ?? UserID(checked: "stranger"))
    let decision = desk.decide(
      body, on: MailboxWorld.stream, by: asker, device: asker == nil ? nil : phone,
      service: asker == nil ? ServiceID(checked: "service") : nil)
    return PartitionsTests.outcome(of: decision, asking: body)
  }
}
