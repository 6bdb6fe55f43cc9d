/// What a client tells its user, in order. What this user did comes too, from whichever device.
public enum ClientEvent: Sendable, Hashable {
  /// The connection came, or went.
  case connection(ConnectionState)
  /// Of a peer or a group, or the own copy of what another device sent; or what is left of one that
  /// was recalled or has expired before it came.
  case message(IncomingMessage)
  /// A message that this user has sent has come further, or has failed.
  case status(StatusUpdate)

  // What became of a message.
  /// It was taken back.
  case recalled(MessageRecall)
  /// It says something else now.
  case edited(MessageEdit)
  /// Somebody reacted to it, or took that back.
  case reaction(MessageReaction)

  // What this user did with a conversation, on one of the devices.
  /// It was read up to this seq (of the mailbox or group).
  case read(Conversation, upToSeq: UInt64)
  /// It is marked so from now on.
  case marked(MarkedConversation)
  /// It was deleted up to this seq (of the mailbox or group), for this user only.
  case cleared(Conversation, upToSeq: UInt64)

  // This user's groups.
  /// The user is a member: what comes of this group follows.
  case groupJoined(String)
  /// The user is none any more: no more of this group comes.
  case groupLeft(String)
  /// The user may join.
  case invited(group: String, by: String)
  /// The request was refused, or the invitation withdrawn; by this user: taken back, or declined.
  case refused(group: String, by: String)

  // What happens in a group. `by` is nil where a member acts for itself.
  /// It was made; `by` is its owner.
  case groupCreated(String, title: String, by: String)
  /// It is so from now on.
  case groupChanged(String, GroupAttributes, by: String)
  /// Nobody is a member any more.
  case groupDissolved(String, by: String)
  /// Somebody became a member.
  case memberJoined(group: String, user: String, by: String? = nil)
  /// Somebody is none any more.
  case memberLeft(group: String, user: String, by: String? = nil)
  /// Somebody may join.
  case memberInvited(group: String, user: String, by: String)
  /// Somebody asks to be let in; moderators are told.
  case joinRequested(group: String, user: String)
  /// A request was refused, or an invitation withdrawn; `by` nil: taken back, or declined.
  case joinRefused(group: String, user: String, by: String? = nil)
  /// `by` nil: the group fell to the user, for its owner has left, or nobody was in it. Who is made
  /// the owner takes the place of the one before, who is an admin from then on.
  case roleChanged(group: String, user: String, role: GroupRole, by: String? = nil)
  /// A member's voice was taken, or given back.
  case memberSilenced(group: String, user: String, isSilenced: Bool, by: String)

  // This user's own list, and devices.
  /// Nothing of this user comes any more.
  case blocked(String)
  /// The block was taken back.
  case unblocked(String)
  /// It was taken off the list of this user's devices.
  case deviceForgotten(String)
  /// The operator has made tokens of this user void: those of a device, or all (nil), that were made until
  /// then, or the one of an id. Whoever has one has no session any more.
  case tokensRevoked(device: String?, tokenID: String?)

  /// A watched user came, or went.
  case presence(UserPresence)
  /// Somebody is writing something there.
  case typing(user: String, Conversation)
  /// Everything from before this session has come.
  case caughtUp
  /// The server can't take commands at present; the client keeps trying. Told once, until one
  /// succeeds.
  case delayed(ClientError)
}

/// A message was taken back: there is nothing of it to show any more.
public struct MessageRecall: Sendable, Hashable {
  /// Which one it belongs to.
  public var conversation: Conversation
  /// Which message.
  public var messageID: UInt64
  /// The author, or a group's admin.
  public var by: String
  /// When the server took it.
  public var at: Moment
  /// What its command belonged to (`DaybookClient.withTraceID`).
  public var traceID: String?

  package init(
    conversation: Conversation, messageID: UInt64, by: String,
    at: Moment = Moment(millisecondsSince1970: 0), traceID: String? = nil
  ) {
    self.conversation = conversation
    self.messageID = messageID
    self.by = by
    self.at = at
    self.traceID = traceID
  }
}

/// A message says something else now.
public struct MessageEdit: Sendable, Hashable {
  /// Which one it belongs to.
  public var conversation: Conversation
  /// Which message.
  public var messageID: UInt64
  /// Who did it.
  public var by: String
  /// When the server took it.
  public var at: Moment
  /// What it says now.
  public var content: MessageContent
  /// What its command belonged to (`DaybookClient.withTraceID`).
  public var traceID: String?

  package init(
    conversation: Conversation, messageID: UInt64, by: String,
    at: Moment = Moment(millisecondsSince1970: 0),
    content: MessageContent, traceID: String? = nil
  ) {
    self.conversation = conversation
    self.messageID = messageID
    self.by = by
    self.at = at
    self.content = content
    self.traceID = traceID
  }
}

/// Somebody reacted to a message, or took that back.
public struct MessageReaction: Sendable, Hashable {
  /// Which one it belongs to.
  public var conversation: Conversation
  /// Which message.
  public var messageID: UInt64
  /// Who did it.
  public var by: String
  /// When the server took it.
  public var at: Moment
  /// 1 to 64 bytes of text.
  public var reaction: String
  /// It was taken back.
  public var isRemoved: Bool
  /// What its command belonged to (`DaybookClient.withTraceID`).
  public var traceID: String?

  package init(
    conversation: Conversation, messageID: UInt64, by: String,
    at: Moment = Moment(millisecondsSince1970: 0),
    reaction: String, isRemoved: Bool, traceID: String? = nil
  ) {
    self.conversation = conversation
    self.messageID = messageID
    self.by = by
    self.at = at
    self.reaction = reaction
    self.isRemoved = isRemoved
    self.traceID = traceID
  }
}

/// Whether there is a connection.
public enum ConnectionState: Sendable, Hashable {
  /// The session is open.
  case connected(SessionInfo)
  /// There is no connection, for this reason; the next attempt comes after this time.
  case waiting(Duration, ClientError)
  /// For good: by `close`, or for an error that trying again doesn't mend.
  case closed(ClientError?)
}

/// What the server said when the session opened.
public struct SessionInfo: Sendable, Hashable {
  /// Its name, in the server's log.
  public var session: String
  /// Of a user's session.
  public var user: String?
  /// Of a user's session, the device.
  public var device: String?
  /// Of a service's.
  public var service: String?
  /// The device was known: what follows is what it has not acked.
  public var resumed: Bool
  /// Which one the device is to the server: another number than in an earlier session says that it
  /// was forgotten meanwhile, whatever `resumed` says. What was kept of before then counts no more.
  public var registration: UInt64
  /// Which data it is: another one means another server's, and no position known means anything
  /// there.
  public var logID: String
  /// What the server's clock said.
  public var serverTime: Moment
}

/// How far a message that was sent has come. Of one message it only goes forward, and may skip
/// `delivered`.
public struct StatusUpdate: Sendable, Hashable {
  /// `SentMessage.id`, if this client sent it; nil in later news, which go by message id.
  public var sendID: UInt64?
  /// From `stored` on. Nil in news of what was sent before this session: it holds for the oldest
  /// of it, up to some message, and comes only while nothing was sent to this peer in this session.
  public var messageID: UInt64?
  /// Which one it belongs to.
  public var conversation: Conversation
  /// How far it has come.
  public var status: MessageStatus
}

/// How far a message has come.
public enum MessageStatus: Sendable, Hashable {
  /// On its way, or waiting for a connection.
  case sending
  /// Durable. The position is in the receiver's mailbox, or in the group.
  case stored(StoredMessage)
  /// Of a transient message: whoever is online gets it. There is no further news of it.
  case pushed
  /// A device of the receiver has it. Of direct messages only, like `read`.
  case delivered
  /// The receiver has read it.
  case read
  /// It was refused, or the session has ended: nobody knows then whether it was stored.
  case failed(ClientError)
}

/// Where a message was stored, and when.
public struct StoredMessage: Sendable, Hashable {
  /// 0 of a transient message.
  public var messageID: UInt64
  /// In the group, or of a note to oneself; 0 of what went to somebody else, which news name by id.
  public var seq: UInt64
  /// When the server took it.
  public var recordedAt: Moment
}
