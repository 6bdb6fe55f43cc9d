import DaybookModel
import Ports

/// A group as its events tell it, each judged against what the rules allowed at that point. Plain,
/// slow, and written from the rules alone.
struct GroupReference {
  struct Member {
    var stays: [SeqInterval]
    var role: Role
    /// Where unread begins; and the reads of the present stay.
    var read: Seq
    var reads: [(upTo: Seq, at: Timestamp)] = []

    var isPresent: Bool { stays[stays.count - 1].last == nil }
  }

  let group: GroupID
  let policy: RunPolicy
  var settings = GroupSettings(title: "")
  var exists = false
  var dissolvedAt: Seq?
  /// Somebody who joins may see what was before, or could for a while.
  var wasHistoryShown = false
  var head = Seq.none
  var members: [UserID: Member] = [:]
  var cleared: [UserID: Seq] = [:]
  var invited: Set<UserID> = []
  var requested: Set<UserID> = []
  var silenced: Set<UserID> = []
  var messages: [MessageRecord] = []
  /// How far each device has acked, or where it began.
  var cursors: [Device: Seq] = [:]

  struct Device: Hashable {
    let user: UserID
    let device: DeviceID
  }

  init(_ group: GroupID, _ policy: RunPolicy) {
    self.group = group
    self.policy = policy
  }

  // MARK: questions

  func isPresent(_ user: UserID) -> Bool {
    dissolvedAt == nil && members[user]?.isPresent ?? false
  }

  var present: [UserID] { members.keys.filter { isPresent($0) }.sorted() }

  func role(of user: UserID) -> Role? { isPresent(user) ? members[user]?.role : nil }

  var owner: UserID? { present.first { members[$0]?.role == .owner } }

  func isModerator(_ user: UserID) -> Bool { role(of: user)?.isModerator ?? false }

  func mayRead(_ user: UserID, _ seq: Seq) -> Bool {
    guard let stays = members[user]?.stays else { return false }
    return stays.contains { $0.contains(seq) } || (settings.isHistoryShown && seq < stays[0].first)
  }

  func maySpeak(_ user: UserID) -> Bool {
    // Nobody could lift an owner's silence.
    switch role(of: user) {
    case .owner: return true
    case .admin: return !silenced.contains(user)
    case .member: return !silenced.contains(user) && !settings.isSilenced
    case nil: return false
    }
  }

  /// What the user may see, with whatever was before the first stay where that is shown.
  func visible(to user: UserID) -> [SeqInterval] {
    guard var stays = members[user]?.stays else { return [] }
    if settings.isHistoryShown { stays[0].first = Seq(1) }
    return stays
  }

  // MARK: events

  /// Takes an event; what is wrong with it goes into `findings`.
  mutating func take(_ logged: LoggedEvent, _ findings: Findings) {
    let event = logged.event
    if let fault = take(event) { findings.add("\(logged.place): \(fault)") }
  }

  private mutating func take(_ event: Event) -> String? {
    if event.cause != nil { return "a relayed event in a group" }
    guard let user = event.actor.user else { return "nobody did it" }
    if event.kind == .noted { return nil }
    if event.seq != .none, event.seq != head.next { return "seq \(event.seq) after \(head)" }
    if (event.seq != .none) != event.kind.takesSeq(in: .group) { return "a seq, or none, wrongly" }
    if event.seq != .none { head = event.seq }
    if case .groupCreated(let settings) = event.body {
      if exists { return "it exists already" }
      exists = true
      self.settings = settings
      wasHistoryShown = settings.isHistoryShown
      enter(user, .owner, event.seq)
      return nil
    }
    guard exists else { return "no such group" }
    switch event.body {
    case .acked(let upTo, let senders): return takeAck(event, upTo, senders)
    case .cursorOpened(let cursor, _): return takeOpening(event, cursor)
    default: break
    }
    // Who was there may still clear what is shown of it.
    let isOver = dissolvedAt != nil && event.kind != .conversationCleared
    if isOver { return "after the group's end" }
    switch event.body {
    case .messageSent, .messageRecalled, .messageEdited, .reactionAdded, .reactionRemoved, .read,
      .conversationCleared:
      return takeTalk(event, by: user)
    case .memberJoined, .memberLeft, .memberInvited, .joinRequested, .joinRefused:
      return takeMembership(event, by: user)
    default: return takeModeration(event, by: user)
    }
  }

  private mutating func takeAck(
    _ event: Event, _ upTo: Seq, _ senders: [DeliveredSender]
  ) -> String? {
    guard let user = event.actor.user, let device = event.actor.device else { return "no device" }
    let key = Device(user: user, device: device)
    guard let cursor = cursors[key] else { return "an ack of a device that follows nothing" }
    cursors[key] = max(cursor, upTo)
    if !senders.isEmpty { return "an ack with senders" }
    if upTo > head { return "an ack of \(upTo) past the head \(head)" }
    return upTo > cursor ? nil : "an ack of \(upTo) after \(cursor)"
  }

  private mutating func takeOpening(_ event: Event, _ cursor: Seq) -> String? {
    guard let user = event.actor.user, let device = event.actor.device else { return "no device" }
    cursors[Device(user: user, device: device)] = cursor
    guard let member = members[user] else { return "a stranger's device" }
    let isLast = member.stays[member.stays.count - 1]
    guard member.isPresent || isLast.last == dissolvedAt else { return "of one who has left" }
    if cursor > head { return "a cursor past the head" }
    return cursor.next >= isLast.first ? nil : "a cursor before the stay"
  }

  mutating func enter(_ user: UserID, _ role: Role, _ seq: Seq) {
    let stay = SeqInterval(first: seq, last: nil)
    let stays = (members[user]?.stays ?? []) + [stay]
    members[user] = Member(stays: stays, role: role, read: seq)
    invited.remove(user)
    requested.remove(user)
  }

  mutating func exit(_ user: UserID, _ seq: Seq) {
    guard let stays = members[user]?.stays else { return }
    members[user]?.stays[stays.count - 1].last = seq
    members[user]?.role = .member
  }
}
