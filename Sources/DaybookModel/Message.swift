package import NIOCore

/// What a message carries: the bytes of one `Content`, as the sender encoded it.
package struct Message: Sendable, Equatable {
  package var content: ByteBuffer
  package var clientTime: Timestamp
  /// How the sender's name was written, where that differs from the user id; else empty.
  package var senderName: String
  /// Nil for most messages, which have none of it.
  package var extras: MessageExtras?
  /// Stated by a group's owner.
  package var receipts = StatedReceipts.unstated

  @inlinable
  package init(
    content: ByteBuffer, clientTime: Timestamp = .none, senderName: String = "",
    extras: MessageExtras? = nil
  ) {
    self.content = content
    self.clientTime = clientTime
    self.senderName = senderName
    self.extras = extras
  }
}

/// Whether it is told who has read a group's message: by the group's size when it was sent. Raw values
/// as in `schemas/daybook/v1/event.proto`.
package enum StatedReceipts: UInt8, Sendable, CaseIterable {
  /// In a mailbox, and by older servers: then by the group's size when it is asked.
  case unstated = 0
  case on = 1
  case off = 2
}

/// What few messages have. Behind one reference, so that the others don't pay for it.
package final class MessageExtras: Sendable, Equatable {
  /// The message of the same conversation that this one answers.
  package let replyTo: MessageID
  /// Who is to take note.
  package let mentions: [UserID]
  package let mentionsEveryone: Bool
  package let forwarded: Forwarded?
  /// From when on it is no longer shown; none: it is kept for good.
  package let expiresAt: Timestamp

  package init(
    replyTo: MessageID = .none, mentions: [UserID] = [], mentionsEveryone: Bool = false,
    forwarded: Forwarded? = nil, expiresAt: Timestamp = .none
  ) {
    self.replyTo = replyTo
    self.mentions = mentions
    self.mentionsEveryone = mentionsEveryone
    self.forwarded = forwarded
    self.expiresAt = expiresAt
  }

  package var isEmpty: Bool { self == MessageExtras() }

  package static func == (a: MessageExtras, b: MessageExtras) -> Bool {
    a === b
      || (a.replyTo == b.replyTo && a.mentions == b.mentions
        && a.mentionsEveryone == b.mentionsEveryone && a.forwarded == b.forwarded
        && a.expiresAt == b.expiresAt)
  }
}

/// Where a forwarded message was said first.
package struct Forwarded: Sendable, Equatable {
  package var messageID: MessageID
  package var user: UserID
  package var recordedAt: Timestamp

  package init(messageID: MessageID, user: UserID, recordedAt: Timestamp) {
    self.messageID = messageID
    self.user = user
    self.recordedAt = recordedAt
  }
}

/// The message that an amendment is about, as its stream knows it; the event names it by id.
package struct MessageTarget: Sendable, Equatable {
  /// The conversation's peer in a mailbox; nil in a group.
  package var peer: UserID?
  /// The message's seq in this stream; none in what the relay wrote.
  package var seq: Seq

  @inlinable
  package init(peer: UserID?, seq: Seq) {
    self.peer = peer
    self.seq = seq
  }
}

/// What is fetched in place of a message that was recalled or has expired, and of its edits.
package struct MessageTombstone: Sendable, Equatable {
  /// Who recalled it; nil for what has expired.
  package var by: UserID?
  package var at: Timestamp
  /// It stands for an edit, not for the message.
  package var isEdit: Bool
  /// Where it stands for a copy: as there. Of an edit: the conversation's peer.
  package var to: UserID?
  package var peerSeq: Seq
  /// Of the message that it stands for, as there; of an edit nothing.
  package var clientTime: Timestamp
  package var senderName: String

  package init(
    by: UserID?, at: Timestamp, isEdit: Bool = false, to: UserID? = nil, peerSeq: Seq = .none,
    clientTime: Timestamp = .none, senderName: String = ""
  ) {
    self.by = by
    self.at = at
    self.isEdit = isEdit
    self.to = to
    self.peerSeq = peerSeq
    self.clientTime = clientTime
    self.senderName = senderName
  }
}
