import DaybookModel

/// How far each message that this user sent directly has come: stored, delivered, read. Notices
/// state a seq of the receiver's mailbox and cover everything up to it; they may overtake the answer
/// to the send.
package struct DeliveryBoard: Sendable {
  /// Beyond so many to one peer the oldest are no longer followed.
  package static let messagesPerPeerMax = 4096

  package struct Progress: Sendable, Equatable {
    /// None for what was sent before this client followed it: all that came before the notice.
    package var messageID: MessageID
    package var peer: UserID
    package var status: Status
  }

  package enum Status: Int, Sendable, Comparable {
    case stored = 0
    case delivered
    case read

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  private struct Sent: Sendable {
    var seq: Seq
    var messageID: MessageID
    var status: Status
  }

  private struct Peer: Sendable {
    var deliveredUpTo = Seq.none
    var readUpTo = Seq.none
    /// By ascending seq; read ones are forgotten.
    var sent: [Sent] = []

    func status(of seq: Seq) -> Status {
      seq <= readUpTo ? .read : seq <= deliveredUpTo ? .delivered : .stored
    }
  }

  private var peers: [UserID: Peer] = [:]

  package init() {}

  /// A message is in the receiver's mailbox at this seq. Nil if that was known; told by the
  /// answer to the send, by the copy in the own mailbox, or by both.
  package mutating func stored(_ id: MessageID, to user: UserID, at seq: Seq) -> Progress? {
    var peer = peers[user, default: Peer()]
    defer { peers[user] = peer }
    let index = peer.sent.firstIndex { $0.seq >= seq } ?? peer.sent.endIndex
    if index < peer.sent.endIndex && peer.sent[index].seq == seq { return nil }
    let status = peer.status(of: seq)
    if status != .read {
      peer.sent.insert(Sent(seq: seq, messageID: id, status: status), at: index)
      if peer.sent.count > DeliveryBoard.messagesPerPeerMax { peer.sent.removeFirst() }
    }
    return Progress(messageID: id, peer: user, status: status)
  }

  package mutating func delivered(by user: UserID, upTo seq: Seq) -> [Progress] {
    var peer = peers[user, default: Peer()]
    defer { peers[user] = peer }
    let isNews = seq > peer.deliveredUpTo
    peer.deliveredUpTo = max(peer.deliveredUpTo, seq)
    var changed: [Progress] = []
    for index in peer.sent.indices {
      let sent = peer.sent[index]
      if sent.seq > seq { break }
      if sent.status >= .delivered { continue }
      peer.sent[index].status = .delivered
      changed.append(Progress(messageID: sent.messageID, peer: user, status: .delivered))
    }
    if changed.isEmpty && isNews {
      return [Progress(messageID: .none, peer: user, status: .delivered)]
    }
    return changed
  }

  package mutating func read(by user: UserID, upTo seq: Seq) -> [Progress] {
    var peer = peers[user, default: Peer()]
    defer { peers[user] = peer }
    let isNews = seq > peer.readUpTo
    peer.deliveredUpTo = max(peer.deliveredUpTo, seq)
    peer.readUpTo = max(peer.readUpTo, seq)
    let covered = peer.sent.prefix { $0.seq <= seq }
    if covered.isEmpty && isNews { return [Progress(messageID: .none, peer: user, status: .read)] }
    defer { peer.sent.removeFirst(covered.count) }
    return covered.map { Progress(messageID: $0.messageID, peer: user, status: .read) }
  }
}
