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
    /// Which of the group's joins began the present stay.
    var join = 0
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
  /// Joins and leaves took no seq for a while: who followed all of it does not know all members.
  var wasUnlisted = false
  private var joins = 0
  /// What has to be the next event, for the one before it has led to it.
  private var due: [Event.Body] = []
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
    if event.seq != .none, event.seq != head.next { return "seq \(event.seq) after \(head)" }
    if !due.isEmpty { return takeDue(event) }
    if event.cause != nil { return takeRelayed(event) }
    guard let user = event.actor.user else { return "nobody did it" }
    if event.kind == .noted { return nil }
    let takesSeq =
      event.kind.isMembership ? settings.areMembersListed : event.kind.takesSeq(in: .group)
    if (event.seq != .none) != takesSeq { return "a seq, or none, wrongly" }
    if event.seq != .none { head = event.seq }
    if case .groupCreated(let settings) = event.body {
      if exists { return "it exists already" }
      exists = true
      self.settings = settings
      wasHistoryShown = settings.isHistoryShown
      enter(user, .owner, event.seq, reading: event.seq)
      return nil
    }
    guard exists else { return "no such group" }
    switch event.body {
    case .cursorOpened(let cursor, _): return takeOpening(event, cursor)
    default: break
    }
    // Who was there may still clear what is shown of it.
    let isOver = dissolvedAt != nil && event.kind != .conversationCleared
    if isOver { return "after the group's end" }
    switch event.body {
    case .messageSent, .messageRecalled, .messageEdited, .reactionAdded, .reactionRemoved,
      .conversationCleared:
      return takeTalk(event, by: user)
    case .memberJoined, .memberLeft, .memberInvited, .joinRequested, .joinRefused:
      let (before, wasListed) = (owner, settings.areMembersListed)
      let fault = takeMembership(event, by: user)
      expectMore(after: event, wasListed: wasListed, owner: before)
      return fault
    default: return takeModeration(event, by: user)
    }
  }

  /// A member's mailbox has told how far it was read.
  private mutating func takeRelayed(_ event: Event) -> String? {
    if event.seq != .none { return "a relayed event with a seq" }
    switch event.body {
    case .noted: return nil
    case .read(nil, let upTo, _):
      guard let user = event.actor.user, var member = members[user], member.isPresent else {
        return "of one who is no member"
      }
      let before = member.read
      member.read = max(before, upTo)
      member.reads.append((upTo, event.recordedAt))
      members[user] = member
      return upTo > before && upTo <= head ? nil : "read \(upTo) after \(before), head \(head)"
    default: return "this is never relayed to a group"
    }
  }

  /// An owner's leave that was told to nobody leads to a role that is; and what makes a group too large,
  /// or small enough again, to that being said.
  private mutating func expectMore(after event: Event, wasListed: Bool, owner: UserID?) {
    guard event.kind.isMembership else { return }
    if case .memberLeft(_, let successor?, _) = event.body, !wasListed {
      due.append(.roleChanged(successor, .owner))
    }
    let count = present.count
    guard wasListed ? count > policy.announcedMembersMax : count < policy.announcedAgainBelow else {
      return
    }
    var changed = settings
    changed.membersListed = !wasListed
    due.append(.groupChanged(changed))
  }

  private mutating func takeDue(_ event: Event) -> String? {
    let expected = due.removeFirst()
    guard event.body == expected, event.seq != .none, event.command == nil else {
      return "\(expected) was to come first"
    }
    head = event.seq
    if case .groupChanged(let changed) = expected {
      settings = changed
      wasUnlisted = wasUnlisted || !changed.areMembersListed
    }
    return nil
  }

  private mutating func takeOpening(_ event: Event, _ cursor: Seq) -> String? {
    guard let user = event.actor.user, let device = event.actor.device else { return "no device" }
    cursors[Device(user: user, device: device)] = cursor
    guard let member = members[user] else { return "a stranger's device" }
    let isLast = member.stays[member.stays.count - 1]
    guard member.isPresent || isLast.last == dissolvedAt else { return "of one who has left" }
    if cursor > head { return "a cursor past the head" }
    let back = head.rawValue - cursor.rawValue
    if back > policy.syncBackMax { return "a cursor \(back) back" }
    return cursor.next >= isLast.first ? nil : "a cursor before the stay"
  }

  mutating func enter(_ user: UserID, _ role: Role, _ first: Seq, reading read: Seq) {
    joins += 1
    let stay = SeqInterval(first: first, last: nil)
    let stays = (members[user]?.stays ?? []) + [stay]
    members[user] = Member(stays: stays, role: role, read: read, join: joins)
    invited.remove(user)
    requested.remove(user)
  }

  mutating func exit(_ user: UserID, _ seq: Seq) {
    guard let stays = members[user]?.stays else { return }
    members[user]?.stays[stays.count - 1].last = seq
    members[user]?.role = .member
  }
}
