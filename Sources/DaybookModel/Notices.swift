package import NIOCore

/// One whose messages an ack is the first to cover.
package struct DeliveredSender: Sendable, Equatable {
  package var user: UserID
  /// The last of them that it covers; none in what older servers wrote.
  package var lastMessage: MessageID
  /// The last of them that no device has because every one began behind it; none for none.
  package var after: MessageID

  @inlinable
  package init(
    _ user: UserID, lastMessage: MessageID = .none, after: MessageID = .none
  ) {
    self.user = user
    self.lastMessage = lastMessage
    self.after = after
  }
}

/// What a read tells the one whose messages were read.
package enum ReadNotice: Sendable, Equatable {
  /// As older servers wrote it, who told the seq, and in groups.
  case unstated
  /// The last of them that was read.
  case upTo(MessageID)
  case nobody

  /// None where none is named.
  package var message: MessageID { if case .upTo(let id) = self { id } else { .none } }
}

/// How far one's messages to somebody have come: up to a message. Older servers named a seq of the
/// receiver's mailbox, which told how much mail the receiver gets.
package struct NoticePosition: Sendable, Equatable {
  package var message: MessageID
  package var peerSeq: Seq
  /// Of a delivery: nothing is said of messages up to this one.
  package var after: MessageID

  @inlinable
  package init(message: MessageID, peerSeq: Seq = .none, after: MessageID = .none) {
    self.message = message
    self.peerSeq = peerSeq
    self.after = after
  }

  @inlinable
  package static func message(_ id: MessageID) -> NoticePosition { NoticePosition(message: id) }

  @inlinable
  package static func peerSeq(_ seq: Seq) -> NoticePosition {
    NoticePosition(message: .none, peerSeq: seq)
  }
}

/// What the author of a message made of it where only the author is to see that.
package struct WithheldAmendment: Sendable, Equatable {
  package enum Change: Sendable, Equatable {
    case recalled
    case edited(ByteBuffer)
    case reactionAdded(String)
    case reactionRemoved(String)
  }

  package var author: UserID
  package var change: Change

  package init(by author: UserID, _ change: Change) {
    self.author = author
    self.change = change
  }
}
