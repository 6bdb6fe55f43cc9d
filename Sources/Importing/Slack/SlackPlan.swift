import DaybookModel

/// The commands that one conversation of a Slack export comes to: a pure function of its entries
/// and of who is who, so that it makes the same commands under the same numbers whenever it is
/// imported, alone or among others.
///
/// A channel becomes a group that its creator makes and that shows its history, as Slack does. A
/// private one can be joined by invitation only, from its beginning on: its owner invites whoever
/// comes. Who is in it is followed as the entries state it, or imply it: who speaks, edits or
/// reacts is there. Those whom the channel lists and who never appear come at the end.
///
/// Whatever takes a moderator is done by the group's owner: topics, and recalls in place of those
/// who deleted something, for Slack doesn't say who that was, and authors may have left. In a
/// direct conversation the author recalls.
package struct SlackPlan: Sendable {
  package internal(set) var commands: [SlackCommand] = []
  /// Entries, or parts of them, that nothing is made of: how many, by what they are.
  package internal(set) var skipped: [String: Int] = [:]
  package let conversation: SlackConversation
  /// Commands whose message others refer to.
  package internal(set) var referenced: Set<Int> = []

  let directory: SlackDirectory
  var numbers: SlackNumbers
  var place: SlackCommand.Place
  var membership = SlackMembership()
  /// The last one in a private group, who leaves it as soon as there is somebody else: nobody could
  /// be invited into it otherwise.
  var departing: UserID?
  var topic = ""
  var purpose = ""
  var sent: [SlackTime: SentMessage] = [:]
  /// What messages said at first, where only entries about them still know.
  var firstVersions: [SlackTime: SlackVersion] = [:]

  struct SentMessage {
    var index: Int
    var author: UserID
    /// In a direct conversation.
    var receiver: UserID?
    var text: String
    var isRecalled = false
  }

  package init(
    _ conversation: SlackConversation, days: [SlackDay], directory: SlackDirectory
  ) {
    self.conversation = conversation
    self.directory = directory
    numbers = SlackNumbers(conversation)
    place = SlackCommand.Place(file: conversation.folder, entry: 0)
    let days = days.sorted { $0.date < $1.date }
    findFirstVersions(days)
    open()
    for day in days {
      numbers.begin("day", day.date)
      for (number, message) in day.entries {
        place = SlackCommand.Place(file: day.file, entry: number)
        add(message)
      }
    }
    place = SlackCommand.Place(file: conversation.folder, entry: 0)
    finish()
    sent = [:]
    firstVersions = [:]
  }

  private mutating func findFirstVersions(_ days: [SlackDay]) {
    for day in days {
      for (_, message) in day.entries {
        guard let change = message.change, let previous = change.previous else { continue }
        if firstVersions[change.time] == nil { firstVersions[change.time] = previous }
      }
    }
  }

  private mutating func open() {
    guard case .group(_, let policy) = conversation.kind else { return }
    numbers.begin("opening")
    let creator = conversation.creator
    append(.messages, creator, .createGroup(title: conversation.name, policy), .opening)
    membership.join(creator, at: 0, for: .messages)
  }

  /// What the channel is in the end: its members and what is said about it.
  private mutating func finish() {
    guard case .group = conversation.kind else { return }
    let late = conversation.members.filter { !membership.hasAppeared($0) }
    var rest = late[...]
    while !rest.isEmpty {
      // Named by who they are: in a later export they may be others.
      let some = rest.prefix(SlackNumbers.originNumbersMax / 2)
      numbers.begin("members", some.map(\.text).joined(separator: "/"))
      for user in some { enter(user, .messages) }
      rest = rest.dropFirst(some.count)
    }
    numbers.begin("leaving", departing?.text ?? "")
    depart()
    let wanted = SlackConversation.description(
      topic: conversation.topic ?? topic, purpose: conversation.purpose ?? purpose)
    if wanted != SlackConversation.description(topic: topic, purpose: purpose),
      let owner = membership.owner
    {
      numbers.begin("description", wanted)
      append(.messages, owner, .describe(wanted), .opening)
    }
  }

  // MARK: members

  /// Sees to it that the user is a member.
  mutating func enter(_ user: UserID, _ lane: SlackNumbers.Lane) {
    guard case .group(_, let policy) = conversation.kind else { return }
    if departing == user { departing = nil }
    guard !membership.contains(user, for: lane) else { return }
    if policy == .invitation, let owner = membership.owner, owner != user {
      append(lane, owner, .invite(user), .opening)
    }
    append(lane, user, .join, .join)
    membership.join(user, at: commands.count - 1, for: lane)
    depart()
  }

  /// False for who is no member.
  mutating func exit(_ user: UserID) -> Bool {
    guard case .group(_, let policy) = conversation.kind, membership.contains(user) else {
      return false
    }
    departing = user
    if policy != .invitation || membership.count > 1 { depart() }
    return true
  }

  private mutating func depart() {
    guard let user = departing else { return }
    departing = nil
    let lane = membership.contains(user, for: .messages) ? SlackNumbers.Lane.messages : .reactions
    append(lane, user, .leave, .leave)
    membership.leave(user, at: commands.count - 1)
  }

  // MARK: commands

  mutating func skip(_ what: String, _ count: Int = 1) {
    let isName = what.utf8.allSatisfy {
      (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
    }
    skipped[isName && !what.isEmpty ? what : "other", default: 0] += count
  }

  /// In a group, or about a message of a direct conversation: `of` is that message.
  mutating func append(
    _ lane: SlackNumbers.Lane, _ user: UserID, _ action: SlackCommand.Action,
    _ role: SlackCommand.Role, of message: SentMessage? = nil
  ) {
    switch conversation.kind {
    case .group(let group, _):
      append(lane, user, .group(group), .group(group), action, role)
    case .direct:
      guard let message, let receiver = message.receiver else {
        preconditionFailure("a direct conversation has messages only")
      }
      let other = user == receiver ? message.author : receiver
      append(lane, user, .user(other), .user(receiver), action, role)
    }
  }

  mutating func append(
    _ lane: SlackNumbers.Lane, _ user: UserID, _ conversation: StreamKey, _ stream: StreamKey,
    _ action: SlackCommand.Action, _ role: SlackCommand.Role
  ) {
    let number = numbers.next(lane)
    let command = SlackCommand(
      origin: number.origin, number: number.number, lane: lane, user: user,
      conversation: conversation, stream: stream, action: action, role: role, place: place)
    if let target = command.target { referenced.insert(target) }
    commands.append(command)
  }
}
