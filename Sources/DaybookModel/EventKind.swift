/// The table of `schemas/events.md` as data. Raw values are the field numbers of `Event.body`.
package enum EventKind: UInt8, Sendable, CaseIterable {
  case messageSent = 16
  case messageCopied = 17
  case acked = 18
  case read = 19
  case messagesDelivered = 20
  case messagesRead = 21
  case groupCreated = 22
  case memberJoined = 23
  case memberLeft = 24
  case groupJoined = 25
  case groupLeft = 26
  case groupRead = 27
  case cursorOpened = 28
  case noted = 29

  /// As the CLI, metrics and docs write it.
  package var name: String {
    switch self {
    case .messageSent: "message_sent"
    case .messageCopied: "message_copied"
    case .acked: "acked"
    case .read: "read"
    case .messagesDelivered: "messages_delivered"
    case .messagesRead: "messages_read"
    case .groupCreated: "group_created"
    case .memberJoined: "member_joined"
    case .memberLeft: "member_left"
    case .groupJoined: "group_joined"
    case .groupLeft: "group_left"
    case .groupRead: "group_read"
    case .cursorOpened: "cursor_opened"
    case .noted: "noted"
    }
  }

  /// Takes a seq and is pushed to whoever follows the stream: one is the other, for seq counts
  /// what a client is sent. A `Read` does so in a mailbox only; in a group its reader is told
  /// through `GroupRead`.
  @inlinable
  package func takesSeq(in stream: StreamKey.Kind) -> Bool {
    switch self {
    case .acked, .cursorOpened, .noted: false
    case .read: stream == .user
    default: true
    }
  }

  /// Has a message id and a place in a conversation.
  @inlinable
  package var isMessage: Bool { self == .messageSent || self == .messageCopied }
}

extension Event {
  @inlinable
  package var kind: EventKind {
    switch body {
    case .messageSent: .messageSent
    case .messageCopied: .messageCopied
    case .acked: .acked
    case .read: .read
    case .messagesDelivered: .messagesDelivered
    case .messagesRead: .messagesRead
    case .groupCreated: .groupCreated
    case .memberJoined: .memberJoined
    case .memberLeft: .memberLeft
    case .groupJoined: .groupJoined
    case .groupLeft: .groupLeft
    case .groupRead: .groupRead
    case .cursorOpened: .cursorOpened
    case .noted: .noted
    }
  }

  /// The conversation that a message belongs to; nil for what isn't a message.
  package var conversation: ConversationKey? {
    switch body {
    case .messageSent:
      stream.kind == .group
        ? ConversationKey(stream: stream, peer: nil)
        : ConversationKey(stream: stream, peer: actor.user)
    case .messageCopied(_, let to, _): ConversationKey(stream: stream, peer: to)
    default: nil
    }
  }
}
