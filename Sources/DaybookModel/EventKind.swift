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
  case messageRecalled = 30
  case messageEdited = 31
  case reactionAdded = 32
  case reactionRemoved = 33
  case messageWithheld = 34
  case messageTombstone = 35
  case groupChanged = 36
  case memberInvited = 37
  case joinRequested = 38
  case joinRefused = 39
  case roleChanged = 40
  case memberSilenced = 41
  case groupDissolved = 42
  case groupInvited = 43
  case groupRefused = 44
  case userBlocked = 45
  case userUnblocked = 46
  case conversationMarked = 47
  case conversationCleared = 48
  case groupCleared = 49
  case deviceForgotten = 50
  case sessionOpened = 51
  case sessionClosed = 52
  case amendmentWithheld = 53
  case groupCursors = 54
  case groupWaiting = 55
  case tokensRevoked = 56

  /// Fields of `Event` from here on are bodies, one a kind.
  package static let firstField = 16

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
    case .messageRecalled: "message_recalled"
    case .messageEdited: "message_edited"
    case .reactionAdded: "reaction_added"
    case .reactionRemoved: "reaction_removed"
    case .messageWithheld: "message_withheld"
    case .messageTombstone: "message_tombstone"
    case .groupChanged: "group_changed"
    case .memberInvited: "member_invited"
    case .joinRequested: "join_requested"
    case .joinRefused: "join_refused"
    case .roleChanged: "role_changed"
    case .memberSilenced: "member_silenced"
    case .groupDissolved: "group_dissolved"
    case .groupInvited: "group_invited"
    case .groupRefused: "group_refused"
    case .userBlocked: "user_blocked"
    case .userUnblocked: "user_unblocked"
    case .conversationMarked: "conversation_marked"
    case .conversationCleared: "conversation_cleared"
    case .groupCleared: "group_cleared"
    case .deviceForgotten: "device_forgotten"
    case .sessionOpened: "session_opened"
    case .sessionClosed: "session_closed"
    case .amendmentWithheld: "amendment_withheld"
    case .groupCursors: "group_cursors"
    case .groupWaiting: "group_waiting"
    case .tokensRevoked: "tokens_revoked"
    }
  }

  /// Takes a seq and is pushed to whoever follows the stream: one is the other, for seq counts
  /// what a client is sent. A `Read` and a `ConversationCleared` do so in a mailbox only; in a group
  /// their user is told through `GroupRead` and `GroupCleared`. Joins and leaves do so while the
  /// group's members are listed.
  @inlinable
  package func takesSeq(in stream: StreamKey.Kind) -> Bool {
    switch self {
    case .acked, .cursorOpened, .noted, .messageWithheld, .amendmentWithheld, .sessionOpened,
      .sessionClosed, .groupCursors, .memberInvited, .joinRequested, .joinRefused:
      false
    case .read, .conversationCleared: stream == .user
    default: true
    }
  }

  /// Of a group's members: takes a seq or not, as the group is.
  @inlinable
  package var isMembership: Bool { self == .memberJoined || self == .memberLeft }

  /// Of the device that did it, which was there then.
  @inlinable
  package var isOfDevice: Bool {
    switch self {
    case .acked, .groupCursors, .cursorOpened, .sessionOpened, .sessionClosed: true
    default: false
    }
  }

  /// Has a message id and a place in a conversation.
  @inlinable
  package var isMessage: Bool { self == .messageSent || self == .messageCopied }

  /// Changes what a message shows: found by the id of the message, through a key of its own.
  @inlinable
  package var isAmendment: Bool { self == .messageRecalled || self == .messageEdited }

  package var isReaction: Bool { self == .reactionAdded || self == .reactionRemoved }
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
    case .messageRecalled: .messageRecalled
    case .messageEdited: .messageEdited
    case .reactionAdded: .reactionAdded
    case .reactionRemoved: .reactionRemoved
    case .messageWithheld: .messageWithheld
    case .messageTombstone: .messageTombstone
    case .groupChanged: .groupChanged
    case .memberInvited: .memberInvited
    case .joinRequested: .joinRequested
    case .joinRefused: .joinRefused
    case .roleChanged: .roleChanged
    case .memberSilenced: .memberSilenced
    case .groupDissolved: .groupDissolved
    case .groupInvited: .groupInvited
    case .groupRefused: .groupRefused
    case .userBlocked: .userBlocked
    case .userUnblocked: .userUnblocked
    case .conversationMarked: .conversationMarked
    case .conversationCleared: .conversationCleared
    case .groupCleared: .groupCleared
    case .deviceForgotten: .deviceForgotten
    case .sessionOpened: .sessionOpened
    case .sessionClosed: .sessionClosed
    case .amendmentWithheld: .amendmentWithheld
    case .groupCursors: .groupCursors
    case .groupWaiting: .groupWaiting
    case .tokensRevoked: .tokensRevoked
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
