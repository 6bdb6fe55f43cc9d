package import DaybookModel

/// How far each message that this user sent directly has come: stored, delivered, read, and never
/// back. Notices name a message and cover everything up to it, for the ids of what goes to one
/// receiver ascend; they may overtake the answer to the send, and a read may overtake the ack that
/// covers more.
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

  private var peers: [UserID: DeliveryPeer] = [:]

  package init() {}

  /// A send to this user is on its way. Until all of those are answered, a copy in the own mailbox
  /// may be one of them: news of it would come before its `stored`, and are held back.
  package mutating func sending(to user: UserID) { peers[user, default: .init()].unanswered += 1 }

  /// A send to this user was answered, and is none to be followed: it was refused.
  package mutating func dropped(to user: UserID) -> [Progress] {
    change(user) { $0.answered() }
  }

  /// A send to this user was answered. What it and those that waited with it have reached beyond
  /// that.
  package mutating func stored(_ id: MessageID, to user: UserID) -> [Progress] {
    change(user) { $0.note(id, peerSeq: .none, isHeld: false) + $0.answered() }
  }

  /// The own mailbox's copy of a message that some device of this user sent; with its seq in the
  /// receiver's, where an older server has written it.
  package mutating func copied(
    _ id: MessageID, to user: UserID, peerSeq: Seq = .none
  ) -> [Progress] {
    change(user) { peer in
      let isHeld = peer.unanswered > 0
      return peer.note(id, peerSeq: peerSeq, isHeld: isHeld)
    }
  }

  package mutating func delivered(by user: UserID, upTo position: NoticePosition) -> [Progress] {
    change(user) { $0.delivered(upTo: position) }
  }

  package mutating func read(by user: UserID, upTo position: NoticePosition) -> [Progress] {
    change(user) { $0.read(upTo: position) }
  }

  private mutating func change(
    _ user: UserID, _ body: (inout DeliveryPeer) -> [DeliveryPeer.News]
  ) -> [Progress] {
    body(&peers[user, default: .init()]).map {
      Progress(messageID: $0.messageID, peer: user, status: $0.status)
    }
  }
}
