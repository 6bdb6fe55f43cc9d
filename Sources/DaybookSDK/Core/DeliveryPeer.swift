import DaybookModel

/// What was sent to one peer, for the `DeliveryBoard`.
struct DeliveryPeer: Sendable {
  typealias Status = DeliveryBoard.Status
  typealias News = (messageID: MessageID, status: Status)

  private struct Sent: Sendable {
    var messageID: MessageID
    /// None but in what an older server has written.
    var peerSeq: Seq
    var status: Status
    var isHeld: Bool
  }

  /// What was delivered, of ascending ids: a device that began late leaves out what came before.
  private var delivered: [DeliveredIDs] = []
  private var readUpTo = MessageID.none

  /// Ids above `after`, up to `upTo`.
  private struct DeliveredIDs: Sendable {
    var after: MessageID
    var upTo: MessageID
  }

  private func isDelivered(_ id: MessageID) -> Bool {
    delivered.contains { id > $0.after && id <= $0.upTo }
  }

  /// By ascending id; what was told as read is forgotten.
  private var sent: [Sent] = []
  private var held = 0
  /// Sends without an answer.
  var unanswered = 0
  private var hasStored = false

  /// What no id is known for was sent before this session. Once something was sent in it, such news
  /// would be taken for news of that, and a step back.
  private var knowsNothing: Bool { !hasStored && unanswered == 0 }

  /// Takes a message, or the answer to one whose copy came before it.
  mutating func note(_ id: MessageID, peerSeq: Seq, isHeld: Bool) -> [News] {
    hasStored = true
    let index = sent.lastIndex { $0.messageID < id }.map { $0 + 1 } ?? 0
    if index < sent.endIndex && sent[index].messageID == id {
      return isHeld || !sent[index].isHeld ? [] : release(index...index)
    }
    let status: Status = id <= readUpTo ? .read : isDelivered(id) ? .delivered : .stored
    sent.insert(
      Sent(messageID: id, peerSeq: peerSeq, status: status, isHeld: true), at: index)
    held += 1
    let news = isHeld ? [] : release(index...index)
    if sent.count > DeliveryBoard.messagesPerPeerMax {
      if sent.removeFirst().isHeld { held -= 1 }
    }
    return news
  }

  /// One more of the sends has its answer. With the last one, what was held back can belong to
  /// none.
  mutating func answered() -> [News] {
    unanswered = max(0, unanswered - 1)
    guard unanswered == 0, held > 0 else { return [] }
    return release(0...(sent.count - 1))
  }

  private mutating func release(_ range: ClosedRange<Int>) -> [News] {
    var news: [News] = []
    for index in range where sent[index].isHeld {
      sent[index].isHeld = false
      held -= 1
      if sent[index].status > .stored {
        news.append((sent[index].messageID, sent[index].status))
      }
    }
    if news.contains(where: { $0.status == .read }) {
      sent.removeAll { $0.status == .read && !$0.isHeld }
    }
    return news
  }

  /// Of an older server's notice, the last message that is known to be covered.
  private func message(at position: NoticePosition) -> MessageID {
    if position.message != .none { return position.message }
    return sent.last { $0.peerSeq != .none && $0.peerSeq <= position.peerSeq }?.messageID ?? .none
  }

  private mutating func noteDelivered(after: MessageID, upTo id: MessageID) {
    if let last = delivered.last, after <= last.upTo, id >= last.after {
      delivered[delivered.count - 1] = DeliveredIDs(
        after: min(last.after, after), upTo: max(last.upTo, id))
    } else {
      delivered.append(DeliveredIDs(after: after, upTo: id))
    }
  }

  mutating func delivered(upTo position: NoticePosition) -> [News] {
    let id = message(at: position)
    // What is read was delivered: the ack of a read that overtook it is no news.
    let isNews = !isDelivered(id) && readUpTo == .none
    noteDelivered(after: position.after, upTo: id)
    if knowsNothing { return isNews ? [(.none, .delivered)] : [] }
    var news: [News] = []
    for index in sent.indices {
      if sent[index].messageID > id { break }
      if sent[index].messageID <= position.after || sent[index].status >= .delivered { continue }
      sent[index].status = .delivered
      if !sent[index].isHeld { news.append((sent[index].messageID, .delivered)) }
    }
    return news
  }

  mutating func read(upTo position: NoticePosition) -> [News] {
    let id = message(at: position)
    let isNews = id > readUpTo
    readUpTo = max(readUpTo, id)
    if knowsNothing { return isNews ? [(.none, .read)] : [] }
    let covered = sent.prefix { $0.messageID <= id }
    let news = covered.filter { !$0.isHeld }.map { News($0.messageID, .read) }
    let waiting = covered.filter(\.isHeld).map {
      Sent(messageID: $0.messageID, peerSeq: $0.peerSeq, status: .read, isHeld: true)
    }
    sent.replaceSubrange(covered.indices, with: waiting)
    return news
  }
}
