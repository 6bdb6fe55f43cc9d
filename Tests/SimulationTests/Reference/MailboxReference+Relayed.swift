import DaybookModel
import Ports

/// What came from other streams; that each did, once and unchanged, is judged elsewhere.
extension MailboxReference {
  mutating func takeRelayed(_ event: Event) -> String? {
    switch event.body {
    case .noted: return nil
    case .messageCopied(let message, let receiver, let peerSeq):
      if peerSeq != .none { return "it tells where the receiver has it" }
      messages.append(MessageRecord(event, message, author: owner, peer: receiver))
      return event.actor.user == owner ? nil : "a copy of another's message"
    case .messageRecalled, .messageEdited, .reactionAdded, .reactionRemoved:
      return takeAmendmentOfCopy(event)
    case .messagesDelivered(let by, let upTo):
      delivered[by, default: []].append((upTo.after, upTo.message))
    case .messagesRead(let by, let upTo):
      readByPeer[by] = max(readByPeer[by] ?? .none, upTo.message)
    case .groupJoined(let group, _): if !groups.contains(group) { groups.append(group) }
    case .groupLeft(let group, _): groups.removeAll { $0 == group }
    case .groupCleared(let group, let upTo):
      groupReads[group] = max(groupReads[group] ?? .none, upTo)
    case .groupInvited, .groupRefused, .groupWaiting: break
    default: return "this is never relayed"
    }
    return nil
  }

  private mutating func takeAmendmentOfCopy(_ event: Event) -> String? {
    guard let at = messages.firstIndex(where: { $0.id == event.messageID }),
      messages[at].author == owner, messages[at].peer != owner
    else { return "there is no copy of message \(event.messageID)" }
    let expected = MessageTarget(peer: messages[at].peer, seq: .none)
    if event.body.amendmentTarget != expected { return "it names another conversation" }
    // An amendment that was not shown here leaves those behind it without their ground.
    let fault = messages[at].amend(event)
    return hidden.contains(event.messageID) ? nil : fault
  }

  /// A notice has said that this message has come to a device of `peer`.
  func isDelivered(_ id: MessageID, to peer: UserID) -> Bool {
    delivered[peer]?.contains { id > $0.after && id <= $0.upTo } ?? false
  }

  // MARK: what is unread, and who has read

  func unread(of peer: UserID) -> (unread: UInt64, mentions: UInt64) {
    let from = max(read[peer] ?? .none, cleared[peer] ?? .none)
    let unread = messages.filter {
      $0.seq > from && $0.author == peer && peer != owner && !$0.isRecalled
    }
    return (UInt64(unread.count), UInt64(unread.count { $0.mentions(owner) }))
  }

  /// Of the owner, for a message that a peer sent here.
  func receipt(of seq: Seq, from peer: UserID) -> Receipt {
    Receipt(
      user: owner,
      deliveredAt: acks.first {
        $0.after < seq && $0.upTo >= seq && $0.senders.contains(peer)
      }?.at ?? .none,
      readAt: reads.first { $0.peer == peer && $0.upTo >= seq }?.at ?? .none)
  }
}
