/// What a client tells its user, in order.
public enum ClientEvent: Sendable, Hashable {
  case connection(ConnectionState)
  /// Of a peer or a group, or the own copy of what another device sent.
  case message(IncomingMessage)
  case status(StatusUpdate)
  /// One of this user's devices has read the conversation up to this seq (of the mailbox or group).
  case read(Conversation, upToSeq: UInt64)
  case groupJoined(String)
  case groupLeft(String)
  case groupCreated(String, title: String, by: String)
  case memberJoined(group: String, user: String)
  case memberLeft(group: String, user: String)
  case presence(user: String, isOnline: Bool)
  case typing(user: String, Conversation)
  /// Everything from before this session has come.
  case caughtUp
  /// The server can't take commands at present; the client keeps trying. Told once, until one succeeds.
  case delayed(ClientError)
}

public enum ConnectionState: Sendable, Hashable {
  case connected(SessionInfo)
  /// The connection is lost; the next attempt comes after so many milliseconds.
  case waiting(milliseconds: UInt64, ClientError)
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
  public var logID: String
  public var serverTimeMilliseconds: UInt64
}

/// How far a message that was sent has come. Of one message it only goes forward, and may skip
/// `delivered`.
public struct StatusUpdate: Sendable, Hashable {
  /// `SentMessage.id`, if this client sent it; nil in later news, which go by message id.
  public var sendID: UInt64?
  /// From `stored` on. Nil in news of what was sent before this session: it holds for all of it, and
  /// comes only while nothing was sent to this peer in this session.
  public var messageID: UInt64?
  public var conversation: Conversation
  public var status: MessageStatus
}

public enum MessageStatus: Sendable, Hashable {
  case sending
  /// Durable. The position is in the receiver's mailbox, or in the group.
  case stored(StoredMessage)
  /// A device of the receiver has it. Of direct messages only, like `read`.
  case delivered
  case read
  case failed(ClientError)
}

public struct StoredMessage: Sendable, Hashable {
  public var messageID: UInt64
  public var seq: UInt64
  public var recordedAtMilliseconds: UInt64
}
