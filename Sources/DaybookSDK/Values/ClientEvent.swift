/// What a client tells its user, in order. What this user did comes too, from whichever device.
public enum ClientEvent: Sendable, Hashable {
  case connection(ConnectionState)
  /// Of a peer or a group, or the own copy of what another device sent; or what is left of one that
  /// was recalled or has expired before it came.
  case message(IncomingMessage)
  case status(StatusUpdate)

  // What became of a message.
  case recalled(MessageRecall)
  case edited(MessageEdit)
  case reaction(MessageReaction)

  // What this user did with a conversation, on one of the devices.
  /// It was read up to this seq (of the mailbox or group).
  case read(Conversation, upToSeq: UInt64)
  case marked(MarkedConversation)
  /// It was deleted up to this seq (of the mailbox or group), for this user only.
  case cleared(Conversation, upToSeq: UInt64)

  // This user's groups.
  case groupJoined(String)
  case groupLeft(String)
  case invited(group: String, by: String)
  /// The request was refused, or the invitation withdrawn; by this user: taken back, or declined.
  case refused(group: String, by: String)

  // What happens in a group. `by` is nil where a member acts for itself.
  case groupCreated(String, title: String, by: String)
  case groupChanged(String, GroupAttributes, by: String)
  /// Nobody is a member any more.
  case groupDissolved(String, by: String)
  case memberJoined(group: String, user: String, by: String? = nil)
  case memberLeft(group: String, user: String, by: String? = nil)
  case memberInvited(group: String, user: String, by: String)
  case joinRequested(group: String, user: String)
  /// A request was refused, or an invitation withdrawn; `by` nil: taken back, or declined.
  case joinRefused(group: String, user: String, by: String? = nil)
  /// `by` nil: the group fell to the user, for its owner has left, or nobody was in it. Who is made
  /// the owner takes the place of the one before, who is an admin from then on.
  case roleChanged(group: String, user: String, role: GroupRole, by: String? = nil)
  case memberSilenced(group: String, user: String, isSilenced: Bool, by: String)

  // This user's own list, and devices.
  case blocked(String)
  case unblocked(String)
  case deviceForgotten(String)

  case presence(UserPresence)
  case typing(user: String, Conversation)
  /// Everything from before this session has come.
  case caughtUp
  /// The server can't take commands at present; the client keeps trying. Told once, until one
  /// succeeds.
  case delayed(ClientError)
}

/// A message was taken back: there is nothing of it to show any more.
public struct MessageRecall: Sendable, Hashable {
  public var conversation: Conversation
  public var messageID: UInt64
  /// The author, or a group's admin.
  public var by: String
  /// In milliseconds since 1970.
  public var atMilliseconds: UInt64

  package init(
    conversation: Conversation, messageID: UInt64, by: String, atMilliseconds: UInt64 = 0
  ) {
    self.conversation = conversation
    self.messageID = messageID
    self.by = by
    self.atMilliseconds = atMilliseconds
  }
}

/// A message says something else now.
public struct MessageEdit: Sendable, Hashable {
  public var conversation: Conversation
  public var messageID: UInt64
  public var by: String
  /// In milliseconds since 1970.
  public var atMilliseconds: UInt64
  public var content: MessageContent

  package init(
    conversation: Conversation, messageID: UInt64, by: String, atMilliseconds: UInt64 = 0,
    content: MessageContent
  ) {
    self.conversation = conversation
    self.messageID = messageID
    self.by = by
    self.atMilliseconds = atMilliseconds
    self.content = content
  }
}

/// Somebody reacted to a message, or took that back.
public struct MessageReaction: Sendable, Hashable {
  public var conversation: Conversation
  public var messageID: UInt64
  public var by: String
  /// In milliseconds since 1970.
  public var atMilliseconds: UInt64
  public var reaction: String
  public var isRemoved: Bool

  package init(
    conversation: Conversation, messageID: UInt64, by: String, atMilliseconds: UInt64 = 0,
    reaction: String, isRemoved: Bool
  ) {
    self.conversation = conversation
    self.messageID = messageID
    self.by = by
    self.atMilliseconds = atMilliseconds
    self.reaction = reaction
    self.isRemoved = isRemoved
  }
}

public enum ConnectionState: Sendable, Hashable {
  case connected(SessionInfo)
  /// There is no connection, for this reason; the next attempt comes after this time.
  case waiting(Duration, ClientError)
  /// For good: by `close`, or for an error that trying again doesn't mend.
  case closed(ClientError?)
}

/// What the server said when the session opened.
public struct SessionInfo: Sendable, Hashable {
  public var session: String
  /// Of a user's session.
  public var user: String?
  public var device: String?
  /// Of a service's.
  public var service: String?
  /// The device was known: what follows is what it has not acked.
  public var resumed: Bool
  /// Which one the device is to the server: another number than in an earlier session says that it
  /// was forgotten meanwhile, whatever `resumed` says. What was kept of before then counts no more.
  public var registration: UInt64
  public var logID: String
  public var serverTimeMilliseconds: UInt64
}

/// How far a message that was sent has come. Of one message it only goes forward, and may skip
/// `delivered`.
public struct StatusUpdate: Sendable, Hashable {
  /// `SentMessage.id`, if this client sent it; nil in later news, which go by message id.
  public var sendID: UInt64?
  /// From `stored` on. Nil in news of what was sent before this session: it holds for the oldest
  /// of it, up to some message, and comes only while nothing was sent to this peer in this session.
  public var messageID: UInt64?
  public var conversation: Conversation
  public var status: MessageStatus
}

public enum MessageStatus: Sendable, Hashable {
  case sending
  /// Durable. The position is in the receiver's mailbox, or in the group.
  case stored(StoredMessage)
  /// Of a transient message: whoever is online gets it. There is no further news of it.
  case pushed
  /// A device of the receiver has it. Of direct messages only, like `read`.
  case delivered
  case read
  case failed(ClientError)
}

public struct StoredMessage: Sendable, Hashable {
  /// 0 of a transient message.
  public var messageID: UInt64
  /// In the group, or of a note to oneself; 0 of what went to somebody else, which news name by id.
  public var seq: UInt64
  public var recordedAtMilliseconds: UInt64
}
