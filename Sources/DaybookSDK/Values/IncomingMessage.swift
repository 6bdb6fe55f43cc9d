package import DaybookModel
package import DaybookSchema
import NIOCore

/// A message as a member of its conversation gets it: in an event as it was sent, or as what is
/// left of it; in a page of history as it reads now, with what people reacted.
public struct IncomingMessage: Sendable, Hashable {
  /// Rises within a conversation: messages are shown in its order. 0 of a transient one.
  public var id: UInt64
  /// Position in the own mailbox, or in the group: what `markRead` takes. 0 of a transient one.
  public var seq: UInt64
  /// Which one it belongs to.
  public var conversation: Conversation
  /// Who sent it.
  public var from: String
  /// How the sender's name was written, where that differs from the id.
  public var senderName: String?
  /// Empty bytes of no type where `gone` says why.
  public var content: MessageContent
  /// When the server took it.
  public var recordedAt: Moment
  /// When the sender says that it was written, by a clock of the sender's.
  public var clientTime: Moment?
  /// This user sent it, from this device or another.
  public var isOwn: Bool
  /// It was pushed to whoever was online, and stands nowhere.
  public var isTransient = false
  /// The message of this conversation that it answers.
  public var replyTo: UInt64?
  /// Users who are to take note.
  public var mentions: [String] = []
  /// All members are to take note.
  public var mentionsEveryone = false
  /// It mentions this user, or everyone, and is somebody else's.
  public var mentionsMe = false
  /// Where it was said first, if it was forwarded.
  public var forwarded: Forwarding?
  /// From when on it is no longer shown.
  public var expiresAt: Moment?
  /// It was recalled, or has expired: there is nothing to show but that.
  public var gone: Gone?
  /// What its command belonged to (`DaybookClient.withTraceID`), 32 hexadecimal digits.
  public var traceID: String?
  /// How often it was edited, and what people reacted. Only of history: in events these come as
  /// events of their own.
  public var edits = 0
  /// What people reacted, each reaction once.
  public var reactions: [ReactionCount] = []

  /// It says something else than when it was sent.
  public var isEdited: Bool { edits > 0 }

  /// The message that was forwarded.
  public struct Forwarding: Sendable, Hashable {
    /// Its id, in the conversation where it was said.
    public var messageID: UInt64
    /// Who said it.
    public var from: String
    /// When the server took it there.
    public var recordedAt: Moment
  }

  /// Why nothing of a message is left.
  public enum Gone: Sendable, Hashable {
    /// It was taken back, by its author or a moderator.
    case recalled(by: String, at: Moment)
    /// It was to be kept until then.
    case expired(at: Moment)
  }

  /// One reaction to a message, and how many have it.
  public struct ReactionCount: Sendable, Hashable {
    /// 1 to 64 bytes of text.
    public var reaction: String
    /// How many users.
    public var count: UInt64
    /// This user is one of them.
    public var isOwn: Bool
  }

  /// Nil for an event that is no message, nor what is left of one.
  package init?(_ event: Event, for user: UserID?) {
    switch event.body {
    case .messageSent(let message):
      self.init(event, Conversation(holding: event, for: user), for: user)
      take(message, for: user)
    case .messageCopied(let message, let to, _):
      self.init(event, .user(to.text), for: user)
      take(message, for: user)
    case .messageTombstone(let tombstone) where !tombstone.isEdit:
      let conversation = tombstone.to.map { Conversation.user($0.text) }
      self.init(event, conversation ?? Conversation(holding: event, for: user), for: user)
      clientTime = Moment(ifAny: tombstone.clientTime.milliseconds)
      senderName = tombstone.senderName.isEmpty ? nil : tombstone.senderName
      let at = Moment(tombstone.at)
      gone =
        tombstone.by.map { .recalled(by: $0.text, at: at) }
        ?? .expired(at: at)
    default: return nil
    }
  }

  private init(_ event: Event, _ conversation: Conversation, for user: UserID?) {
    id = event.messageID.rawValue
    seq = event.seq.rawValue
    self.conversation = conversation
    from = event.actor.user?.text ?? ""
    content = .bytes(type: "", [])
    recordedAt = Moment(event.recordedAt)
    traceID = event.traceID?.description
    isOwn = user != nil && event.actor.user == user
  }

  private mutating func take(_ message: DaybookModel.Message, for user: UserID?) {
    senderName = message.senderName.isEmpty ? nil : message.senderName
    content = MessageContent(encoded: message.content)
    clientTime = Moment(ifAny: message.clientTime.milliseconds)
    guard let extras = message.extras else { return }
    replyTo = extras.replyTo == .none ? nil : extras.replyTo.rawValue
    mentions = extras.mentions.map(\.text)
    mentionsEveryone = extras.mentionsEveryone
    if let user, !isOwn { mentionsMe = mentionsEveryone || extras.mentions.contains(user) }
    forwarded = extras.forwarded.map {
      Forwarding(
        messageID: $0.messageID.rawValue, from: $0.user.text,
        recordedAt: Moment($0.recordedAt))
    }
    expiresAt = Moment(ifAny: extras.expiresAt.milliseconds)
  }

  /// What became of it since it was sent. Throws `log_corrupt` for an edit that is none.
  package mutating func apply(_ amendments: Daybook_V1_Amendments) throws(DaybookError) {
    guard gone == nil else { return }
    if !amendments.edit.isEmpty {
      let event = try EventDecoding.decode(ByteBuffer(bytes: amendments.edit))
      if case .messageEdited(_, let edited) = event.body {
        content = MessageContent(encoded: edited)
        edits = max(1, Int(amendments.edits))
      }
    }
    reactions = amendments.reactions.map {
      ReactionCount(reaction: $0.reaction, count: $0.count, isOwn: $0.own)
    }
  }
}

extension Conversation {
  /// The one that a message belongs to which was sent to the stream that it stands in. What is only
  /// pushed comes to the sender's other devices as it went to the receiver.
  init(holding event: Event, for user: UserID?) {
    let isElsewhere = event.actor.user == user && event.stream.userID != user
    self =
      event.stream.kind == .group || isElsewhere
      ? Conversation(event.stream) : .user(event.actor.user?.text ?? "")
  }
}
