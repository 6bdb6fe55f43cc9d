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
  public var conversation: Conversation
  public var from: String
  /// How the sender's name was written, where that differs from the id.
  public var senderName: String?
  /// Empty bytes of no type where `gone` says why.
  public var content: MessageContent
  /// Milliseconds since 1970: when the server took it, and when the sender says it was written.
  public var recordedAtMilliseconds: UInt64
  public var clientTimeMilliseconds: UInt64?
  /// This user sent it, from this device or another.
  public var isOwn: Bool
  /// It was pushed to whoever was online, and stands nowhere.
  public var isTransient = false
  /// The message of this conversation that it answers.
  public var replyTo: UInt64?
  public var mentions: [String] = []
  public var mentionsEveryone = false
  /// It mentions this user, or everyone, and is somebody else's.
  public var mentionsMe = false
  /// Where it was said first, if it was forwarded.
  public var forwarded: Forwarding?
  /// From when on it is no longer shown.
  public var expiresAtMilliseconds: UInt64?
  /// It was recalled, or has expired: there is nothing to show but that.
  public var gone: Gone?
  /// How often it was edited, and what people reacted. Only of history: in events these come as
  /// events of their own.
  public var edits = 0
  public var reactions: [ReactionCount] = []

  public var isEdited: Bool { edits > 0 }

  public struct Forwarding: Sendable, Hashable {
    public var messageID: UInt64
    public var from: String
    public var recordedAtMilliseconds: UInt64
  }

  public enum Gone: Sendable, Hashable {
    case recalled(by: String, atMilliseconds: UInt64)
    case expired(atMilliseconds: UInt64)
  }

  public struct ReactionCount: Sendable, Hashable {
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
      let at = tombstone.at.milliseconds
      gone =
        tombstone.by.map { .recalled(by: $0.text, atMilliseconds: at) }
        ?? .expired(atMilliseconds: at)
    default: return nil
    }
  }

  private init(_ event: Event, _ conversation: Conversation, for user: UserID?) {
    id = event.messageID.rawValue
    seq = event.seq.rawValue
    self.conversation = conversation
    from = event.actor.user?.text ?? ""
    content = .bytes(type: "", [])
    recordedAtMilliseconds = event.recordedAt.milliseconds
    isOwn = user != nil && event.actor.user == user
  }

  private mutating func take(_ message: DaybookModel.Message, for user: UserID?) {
    senderName = message.senderName.isEmpty ? nil : message.senderName
    content = MessageContent(encoded: message.content)
    clientTimeMilliseconds =
      message.clientTime == .none ? nil : message.clientTime.milliseconds
    guard let extras = message.extras else { return }
    replyTo = extras.replyTo == .none ? nil : extras.replyTo.rawValue
    mentions = extras.mentions.map(\.text)
    mentionsEveryone = extras.mentionsEveryone
    if let user, !isOwn { mentionsMe = mentionsEveryone || extras.mentions.contains(user) }
    forwarded = extras.forwarded.map {
      Forwarding(
        messageID: $0.messageID.rawValue, from: $0.user.text,
        recordedAtMilliseconds: $0.recordedAt.milliseconds)
    }
    expiresAtMilliseconds = extras.expiresAt == .none ? nil : extras.expiresAt.milliseconds
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
