import DaybookModel
import Ports

/// What is said in a group, and read.
extension GroupReference {
  mutating func takeTalk(_ event: Event, by actor: UserID) -> String? {
    switch event.body {
    case .messageSent(let message): return takeMessage(event, message, by: actor)
    case .messageRecalled, .messageEdited, .reactionAdded, .reactionRemoved:
      return takeAmendment(event, by: actor)
    case .conversationCleared(let peer, let upTo):
      let before = cleared[actor] ?? .none
      cleared[actor] = max(before, upTo)
      if members[actor] == nil { return "a stranger clears" }
      if peer != nil { return "a peer in a group" }
      return upTo > before && upTo <= head ? nil : "cleared \(upTo) after \(before), head \(head)"
    default: return "unexpected"
    }
  }

  private mutating func takeMessage(
    _ event: Event, _ message: Message, by actor: UserID
  ) -> String? {
    let newest = messages.last?.id ?? .none
    let answered = message.extras?.replyTo ?? .none
    let isAnswered = messages.contains { $0.id == answered && mayRead(actor, $0.seq) }
    messages.append(MessageRecord(event, message, author: actor, peer: nil))
    let receipts = present.count <= policy.receiptsMembersMax ? StatedReceipts.on : .off
    if message.receipts != receipts { return "it states \(message.receipts), not \(receipts)" }
    if !maySpeak(actor) { return "\(actor) may not speak" }
    if event.messageID <= newest { return "id \(event.messageID) after \(newest)" }
    return answered == .none || isAnswered ? nil : "it answers \(answered), which isn't there"
  }

  private mutating func takeAmendment(_ event: Event, by actor: UserID) -> String? {
    guard let at = messages.firstIndex(where: { $0.id == event.messageID }) else {
      return "there is no message \(event.messageID)"
    }
    let before = messages[at]
    if let fault = messages[at].amend(event) { return fault }
    if event.body.amendmentTarget != MessageTarget(peer: nil, seq: before.seq) {
      return "it names \(String(describing: event.body.amendmentTarget)), not \(before.seq)"
    }
    guard isPresent(actor) else { return "\(actor) is no member" }
    guard mayRead(actor, before.seq) else { return "\(actor) can't see the message" }
    switch event.body {
    case .messageRecalled:
      if isModerator(actor) { return nil }
      guard before.author == actor else { return "\(actor) may not recall it" }
      return policy.mayRecall(before.sentAt, at: event.recordedAt) ? nil : "recalled too late"
    case .messageEdited:
      guard before.author == actor else { return "\(actor) may not edit it" }
      return maySpeak(actor) ? nil : "\(actor) may not speak"
    case .reactionAdded: return maySpeak(actor) ? nil : "\(actor) may not speak"
    default: return nil
    }
  }

  // MARK: what is unread, and who has read

  /// Nil for who is no member. `read` is what the user's mailbox says.
  func unread(of user: UserID, read: Seq) -> (unread: UInt64, mentions: UInt64)? {
    guard isPresent(user), let member = members[user] else { return nil }
    let from = max(member.read, cleared[user] ?? .none, read)
    let unread = messages.filter { $0.seq > from && $0.author != user && !$0.isRecalled }
    let mentions = unread.filter {
      $0.mentions(user) || $0.message.extras?.mentionsEveryone ?? false
    }
    return (UInt64(unread.count), UInt64(mentions.count))
  }

  /// Each member who was there when the message with this seq was sent, its author apart. Of a group
  /// that was dissolved, those who were its members in the end.
  func receipts(of seq: Seq, author: UserID) -> [Receipt] {
    var receipts: [Receipt] = []
    for (user, member) in members.sorted(by: { $0.key < $1.key }) where user != author {
      guard let stay = member.stays.last, stay.last == nil || stay.last == dissolvedAt,
        // No message is a join.
        stay.first <= seq
      else { continue }
      let first = member.reads.first { $0.upTo >= seq }
      receipts.append(Receipt(user: user, readAt: first?.at ?? .none))
    }
    return receipts
  }
}
