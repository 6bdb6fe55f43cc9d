import DaybookModel
import Ports

/// A mailbox as its events tell it, each judged against what the rules allowed at that point.
struct MailboxReference {
  struct Device {
    var cursor: Seq
    /// Where it began.
    let opened: Seq
    /// How far it has acked groups.
    var groups: [GroupID: Seq] = [:]
    var lastSeen = Timestamp.none
  }

  let owner: UserID
  let policy: RunPolicy
  var head = Seq.none
  /// By ascending seq.
  var messages: [MessageRecord] = []
  var withheld: Set<MessageID> = []
  /// Reactions that only their author's devices know of.
  var withheldReactions: Set<String> = []
  /// Messages with an amendment that a block kept from here.
  var hidden: Set<MessageID> = []
  var blocked: Set<UserID> = []
  var marks: [StreamKey: ConversationMarks] = [:]
  var read: [UserID: Seq] = [:]
  var reads: [(peer: UserID, upTo: Seq, at: Timestamp)] = []
  var cleared: [UserID: Seq] = [:]
  var groups: [GroupID] = []
  /// How far groups were read.
  var groupReads: [GroupID: Seq] = [:]
  /// Groups that the list lost without a relayed leave: they must have been dissolved.
  var dropped: Set<GroupID> = []
  var devices: [DeviceID: Device] = [:]
  var acks: [(after: Seq, upTo: Seq, senders: [UserID], at: Timestamp)] = []
  var lastSeen = Timestamp.none
  /// Tokens that are void.
  var revoked: [Revocation] = []
  /// What notices say of messages that the owner sent.
  var delivered: [UserID: [(after: MessageID, upTo: MessageID)]] = [:]
  var readByPeer: [UserID: MessageID] = [:]

  init(_ owner: UserID, _ policy: RunPolicy) {
    self.owner = owner
    self.policy = policy
  }

  mutating func take(_ logged: LoggedEvent, _ findings: Findings) {
    let event = logged.event
    if event.seq != .none {
      findings.expect(event.seq == head.next, "\(logged.place): seq \(event.seq) after \(head)")
      head = event.seq
    }
    findings.expect(
      event.kind == .noted || (event.seq != .none) == event.kind.takesSeq(in: .user),
      "\(logged.place): a seq, or none, wrongly")
    let fault = event.cause == nil ? takeOwn(event) : takeRelayed(event)
    if let fault { findings.add("\(logged.place): \(fault)") }
  }

  // MARK: what was asked of this mailbox

  private mutating func takeOwn(_ event: Event) -> String? {
    if case .tokensRevoked(let tokens) = event.body {
      if tokens.tokenID.isEmpty, tokens.device == nil {
        // Those of ids count as made before.
        revoked.removeAll { $0.isOfService == tokens.isOfService && !$0.tokenID.isEmpty }
      }
      revoked.append(tokens)
      return event.actor.service == nil ? "no service did it" : nil
    }
    guard let actor = event.actor.user else {
      // By the server, of a device that was silent for too long.
      return event.kind == .deviceForgotten ? takeOfDevice(event) : "nobody did it"
    }
    switch event.body {
    case .noted: return nil
    case .messageSent(let message): return takeMessage(event, message, by: actor)
    case .messageWithheld:
      withheld.insert(event.messageID)
      guard policy.hidesBlocks else { return "nothing is withheld here" }
      return blocked.contains(actor) ? nil : "\(actor) is not blocked"
    case .messageRecalled, .messageEdited, .reactionAdded, .reactionRemoved:
      return takeAmendment(event, by: actor)
    case .amendmentWithheld(let amendment):
      return takeWithheld(amendment, of: event.messageID, by: actor)
    default: break
    }
    if actor != owner { return "\(actor) did it in another's mailbox" }
    switch event.body {
    case .acked, .groupCursors, .cursorOpened, .sessionOpened, .sessionClosed, .deviceForgotten:
      return takeOfDevice(event)
    default: return takeOfOwner(event)
    }
  }

  private mutating func takeMessage(
    _ event: Event, _ message: Message, by sender: UserID
  ) -> String? {
    let answered = message.extras?.replyTo ?? .none
    let isAnswered = messages.contains { $0.id == answered && $0.peer == sender }
    let newest = messages.last { $0.peer == sender }?.id ?? .none
    messages.append(MessageRecord(event, message, author: sender, peer: sender))
    if blocked.contains(sender) { return "\(sender) is blocked" }
    if event.messageID <= newest { return "id \(event.messageID) after \(newest)" }
    // Of an answer to what the receiver has withheld only the sender knows the message.
    return answered == .none || isAnswered || policy.hidesBlocks
      ? nil : "it answers \(answered), which isn't there"
  }

  private mutating func takeAmendment(_ event: Event, by actor: UserID) -> String? {
    guard let at = messages.firstIndex(where: { $0.id == event.messageID }) else {
      return "there is no message \(event.messageID)"
    }
    let before = messages[at]
    if let fault = messages[at].amend(event) { return fault }
    let target = MessageTarget(peer: before.author, seq: before.seq)
    if before.author != before.peer { return "it is about a copy" }
    if event.body.amendmentTarget != target {
      return "it names \(String(describing: event.body.amendmentTarget)), not \(target)"
    }
    let isByAuthor = actor == before.author
    switch event.body {
    case .messageRecalled:
      if !isByAuthor { return "\(actor) may not recall it" }
      return policy.mayRecall(before.sentAt, at: event.recordedAt) ? nil : "recalled too late"
    case .messageEdited where !isByAuthor: return "\(actor) may not edit it"
    case .messageEdited, .reactionAdded:
      return blocked.contains(actor) ? "\(actor) is blocked" : nil
    default: return isByAuthor || actor == owner ? nil : "\(actor) has no part in it"
    }
  }

  /// Only where the author is blocked, or the message never came, or a reaction was given like that.
  private mutating func takeWithheld(
    _ amendment: WithheldAmendment, of id: MessageID, by actor: UserID
  ) -> String? {
    if actor != amendment.author || actor == owner { return "\(actor) is not its author" }
    let isHere = messages.contains { $0.id == id && $0.author == actor }
    if isHere == withheld.contains(id) { return "there is no message \(id)" }
    let isBlocked = policy.hidesBlocks && blocked.contains(actor)
    switch amendment.change {
    case .recalled: return isHere ? "a recall is no secret" : nil
    case .edited: return isHere && !isBlocked ? "\(actor) is not blocked" : nil
    case .reactionAdded(let text):
      let isNew = withheldReactions.insert("\(id) \(actor) \(text)").inserted
      if !isNew { return "that reaction is there already" }
      return isHere && !isBlocked ? "\(actor) is not blocked" : nil
    case .reactionRemoved(let text):
      let wasGiven = withheldReactions.remove("\(id) \(actor) \(text)") != nil
      return wasGiven ? nil : "there is no such reaction"
    }
  }

  private func fault(
    in notice: ReadNotice, to peer: UserID, readFrom before: Seq, _ upTo: Seq
  ) -> String? {
    let last = messages.last { $0.author == peer && $0.seq <= upTo }
    let isNew = last.map { $0.seq > before } ?? false
    switch notice {
    case .unstated: return "it doesn't say what it tells"
    case .nobody: return isNew && !blocked.contains(peer) ? "\(peer) isn't told" : nil
    case .upTo(let id):
      if blocked.contains(peer) { return "\(peer) is told, and is blocked" }
      guard let last else { return "\(peer) is told of nothing" }
      return isNew
        ? (id == last.id ? nil : "another message is named")
        : (id <= last.id ? nil : "it tells too much")
    }
  }

  private mutating func takeOfDevice(_ event: Event) -> String? {
    if case .deviceForgotten(let device) = event.body {
      return devices.removeValue(forKey: device) == nil ? "there is no such device" : nil
    }
    guard let device = event.actor.device else { return "no device" }
    if case .cursorOpened(let cursor, let registration) = event.body {
      let wasKnown = devices[device] != nil
      if registration != head.next { return "another registration than the next seq" }
      devices[device] = Device(cursor: cursor, opened: cursor)
      if cursor > head { return "a cursor past the head" }
      if !starts.contains(cursor) { return "a cursor at \(cursor), not in \(starts)" }
      return wasKnown ? "the device was known" : nil
    }
    switch event.body {
    case .sessionOpened, .sessionClosed:
      // The session of a device that was forgotten ends a little later.
      devices[device]?.lastSeen = event.recordedAt
      lastSeen = event.recordedAt
      return nil
    default: break
    }
    guard let (cursor, opened) = devices[device].map({ ($0.cursor, $0.opened) }) else {
      return "of a device that isn't known"
    }
    switch event.body {
    case .acked(let upTo, let senders, let after):
      devices[device]?.cursor = max(cursor, upTo)
      if after != opened { return "told from \(after), and begun at \(opened)" }
      if upTo <= cursor || upTo > head { return "acked \(upTo) after \(cursor), head \(head)" }
      let fault = takeSenders(senders, from: opened, upTo)
      acks.append((after, upTo, senders.map(\.user), event.recordedAt))
      return fault
    case .groupCursors(let cursors):
      for position in cursors {
        let before = devices[device]?.groups[position.group] ?? .none
        devices[device]?.groups[position.group] = max(before, position.upTo)
        if position.upTo <= before { return "acked \(position) after \(before)" }
      }
      return cursors.isEmpty ? "of no group" : nil
    default: return "unexpected"
    }
  }

  /// All whose messages became delivered by this ack are to be told, but for the blocked; and at most
  /// again whoever has messages that it covers.
  private func takeSenders(
    _ told: [DeliveredSender], from opened: Seq, _ upTo: Seq
  ) -> String? {
    let before = max(acks.map(\.upTo).max() ?? .none, opened)
    let senders = told.map(\.user)
    func covered(after first: Seq) -> Set<UserID> {
      Set(
        messages.filter {
          $0.seq > first && $0.seq <= upTo && $0.author != owner
        }.map(\.author))
    }
    if !covered(after: before).subtracting(blocked).isSubset(of: senders) {
      return "a sender isn't told"
    }
    if !blocked.isDisjoint(with: senders) { return "one is told who is blocked" }
    for sender in told {
      let last = messages.last { $0.author == sender.user && $0.seq <= upTo }
      if last?.id != sender.lastMessage { return "\(sender.user) is told of another message" }
      // Of what lies below the cursor, what no device has is left out.
      let told = acks.last { $0.senders.contains(sender.user) }?.upTo ?? .none
      let left = messages.last {
        $0.author == sender.user && $0.seq <= opened && $0.seq > told
      }
      if left?.id ?? .none != sender.after { return "\(sender.user) is told from another message" }
    }
    return covered(after: opened).isSuperset(of: senders) ? nil : "one is told who sent nothing"
  }

  /// Where a device may begin: in front of what is unread, but not too far back; and where a conversation
  /// with something unread was read before, no further than there.
  private var starts: ClosedRange<Seq> {
    func seen(_ peer: UserID) -> Seq { max(read[peer] ?? .none, cleared[peer] ?? .none) }
    let unread = messages.filter {
      $0.author == $0.peer && $0.author != owner && $0.seq > seen($0.author)
    }
    let floor = Seq(head.rawValue > policy.syncBackMax ? head.rawValue - policy.syncBackMax : 0)
    guard let first = unread.first else { return head...head }
    let lowest = unread.map { seen($0.author) }.min() ?? .none
    return max(floor, lowest)...max(floor, Seq(first.seq.rawValue - 1))
  }

  private mutating func takeOfOwner(_ event: Event) -> String? {
    switch event.body {
    case .groupRead(let group, let upTo, _):
      let before = groupReads[group] ?? .none
      groupReads[group] = max(before, upTo)
      marks[.group(group)]?.isUnread = false
      return upTo > before ? nil : "read \(group) up to \(upTo) after \(before)"
    case .read(let peer?, let upTo, let notice):
      let before = read[peer] ?? .none
      read[peer] = max(before, upTo)
      if notice != .nobody { reads.append((peer, upTo, event.recordedAt)) }
      marks[.user(peer)]?.isUnread = false
      if upTo <= before || upTo > head { return "read \(upTo) after \(before), head \(head)" }
      return fault(in: notice, to: peer, readFrom: max(before, cleared[peer] ?? .none), upTo)
    case .conversationCleared(let peer?, let upTo):
      let before = cleared[peer] ?? .none
      cleared[peer] = max(before, upTo)
      return upTo > before && upTo <= head ? nil : "cleared \(upTo) after \(before), head \(head)"
    case .userBlocked(let user):
      if user == owner { return "the owner's own" }
      return blocked.insert(user).inserted ? nil : "\(user) is blocked already"
    case .userUnblocked(let user):
      return blocked.remove(user) != nil ? nil : "\(user) is not blocked"
    case .conversationMarked(let conversation, let new):
      let before = marks.updateValue(new, forKey: conversation) ?? .none
      return new == before ? "nothing was changed" : nil
    case .groupLeft(let group, _):
      guard let at = groups.firstIndex(of: group) else { return "\(group) is not in the list" }
      groups.remove(at: at)
      dropped.insert(group)
      return nil
    default: return "it has no place in a mailbox"
    }
  }
}
