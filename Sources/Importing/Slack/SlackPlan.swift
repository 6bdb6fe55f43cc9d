import DaybookModel

/// The commands that one conversation of a Slack export comes to, made entry by entry: of what was
/// said it keeps only what later entries refer to, which the survey has found out before.
///
/// They are a pure function of the entries: the same in every import of an export, alone or among
/// others; and each has a number that depends on nothing but Slack's ids and times.
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
  /// Entries, or parts of them, that nothing is made of: how many, by what they are.
  package internal(set) var skipped: [String: Int] = [:]
  package let conversation: SlackConversation
  /// Entries that were added.
  package private(set) var entries = 0

  /// Those that weren't taken yet, and how many were.
  private var pending: [SlackCommand] = []
  private var taken = 0

  let directory: SlackDirectory
  let survey: SlackSurvey
  let numbers: SlackNumbers
  var place: SlackCommand.Place
  var membership = SlackMembership()
  /// The last one in a private group, who leaves it as soon as there is somebody else: nobody could
  /// be invited into it otherwise.
  var departing: (user: UserID, time: SlackTime)?
  var topic = ""
  var purpose = ""
  private var title: String
  var sent: [SlackTime: SentMessage] = [:]
  /// Of the last message, whoever refers to it.
  var lastTime: SlackTime?

  struct SentMessage {
    var index: Int
    var author: UserID
    /// In a direct conversation.
    var receiver: UserID?
    /// Its time in Slack, which is its name there.
    var time: SlackTime
    /// Of the text, to tell an edit from another change.
    var textHash: UInt64
    var isRecalled = false
  }

  package init(
    _ conversation: SlackConversation, _ survey: SlackSurvey, _ directory: SlackDirectory
  ) {
    self.conversation = conversation
    self.survey = survey
    self.directory = directory
    numbers = SlackNumbers(conversation)
    place = SlackCommand.Place(file: conversation.folder, entry: 0)
    title = SlackConversation.title(survey.firstName ?? conversation.name)
    open()
  }

  /// The index of the next command.
  var count: Int { taken + pending.count }

  package var pendingCount: Int { pending.count }

  /// Those that were made since it was asked last, and the index of the first.
  package mutating func takeCommands() -> (first: Int, commands: [SlackCommand]) {
    defer {
      taken += pending.count
      pending = []
    }
    return (taken, pending)
  }

  /// The next entry, in the order of time.
  package mutating func add(_ entry: SlackEntry) {
    entries += 1
    place = entry.place
    add(entry.message)
  }

  private mutating func open() {
    guard case .group(_, let policy) = conversation.kind else { return }
    let creator = conversation.creator
    append(
      .messages, creator, numbers.opening, .createGroup(title: title, policy), .opening)
    membership.join(creator, at: 0)
  }

  /// What the channel is in the end: its members and what is said about it.
  package mutating func finish() {
    place = SlackCommand.Place(file: conversation.folder, entry: 0)
    guard case .group = conversation.kind else { return }
    for user in conversation.members where !membership.hasAppeared(user) {
      enter(user, .messages)
    }
    depart()
    guard let owner = membership.owner else { return }
    let wanted = SlackConversation.description(
      topic: conversation.topic ?? topic, purpose: conversation.purpose ?? purpose)
    if wanted != SlackConversation.description(topic: topic, purpose: purpose) {
      append(
        .messages, owner, numbers.state("description", wanted), .describe(wanted), .opening)
    }
    let name = SlackConversation.title(conversation.name)
    append(
      .messages, owner, numbers.state("title", name),
      title == name ? .renameIfOther(name) : .rename(name), .opening)
  }

  // MARK: members

  /// Sees to it that the user is a member.
  mutating func enter(_ user: UserID, _ lane: SlackNumbers.Lane) {
    guard case .group(_, let policy) = conversation.kind else { return }
    if departing?.user == user { departing = nil }
    guard !membership.contains(user) else { return }
    let left = membership.lastLeave(of: user)
    if policy == .invitation, let owner = membership.owner, owner != user {
      append(lane, owner, numbers.invitation(user, after: left), .invite(user), .opening)
    }
    append(lane, user, numbers.join(user, after: left), .join, .join)
    membership.join(user, at: count - 1)
    depart()
  }

  /// False for who is no member.
  mutating func exit(_ user: UserID, at time: SlackTime) -> Bool {
    guard case .group(_, let policy) = conversation.kind, membership.contains(user) else {
      return false
    }
    departing = (user, time)
    if policy != .invitation || membership.count > 1 { depart() }
    return true
  }

  private mutating func depart() {
    guard let (user, time) = departing else { return }
    departing = nil
    append(.messages, user, numbers.of(.leave, at: time), .leave, .leave)
    membership.leave(user, at: count - 1, time)
  }

  mutating func rename(_ name: String, at time: SlackTime) -> Bool {
    guard case .group = conversation.kind, let owner = membership.owner else { return false }
    title = SlackConversation.title(name)
    append(.messages, owner, numbers.of(.title, at: time), .rename(title), .topic)
    return true
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
    _ lane: SlackNumbers.Lane, _ user: UserID, _ number: SlackNumbers.Number,
    _ action: SlackCommand.Action, _ role: SlackCommand.Role, of message: SentMessage? = nil,
    isReferenced: Bool = false, spare: SlackNumbers.Number? = nil
  ) {
    let (conversation, stream): (StreamKey, StreamKey)
    switch self.conversation.kind {
    case .group(let group, _): (conversation, stream) = (.group(group), .group(group))
    case .direct:
      guard let message, let receiver = message.receiver else {
        preconditionFailure("a direct conversation has messages only")
      }
      let other = user == receiver ? message.author : receiver
      (conversation, stream) = (.user(other), .user(receiver))
    }
    pending.append(
      SlackCommand(
        origin: number.origin, number: number.number, spare: spare, lane: lane, user: user,
        conversation: conversation, stream: stream, action: action, role: role, place: place,
        isReferenced: isReferenced, entries: entries))
  }
}
