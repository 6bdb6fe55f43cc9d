import DaybookModel
import NIOCore

/// What became of one message in one stream, by its events alone.
struct MessageRecord {
  struct Reaction: Hashable {
    let user: UserID
    let reaction: String
  }

  let id: MessageID
  let seq: Seq
  let author: UserID
  /// The other one of a direct conversation.
  let peer: UserID?
  let sentAt: Timestamp
  let message: Message
  private(set) var recalledBy: UserID?
  private(set) var edits: [ByteBuffer] = []
  private(set) var reactions: [Reaction] = []

  init(_ event: Event, _ message: Message, author: UserID, peer: UserID?) {
    id = event.messageID
    seq = event.seq
    self.author = author
    self.peer = peer
    sentAt = event.recordedAt
    self.message = message
  }

  var isRecalled: Bool { recalledBy != nil }
  var content: ByteBuffer { edits.last ?? message.content }

  func isExpired(at now: Timestamp) -> Bool {
    guard let end = message.extras?.expiresAt, end != .none else { return false }
    return end <= now
  }

  func mentions(_ user: UserID) -> Bool { message.extras?.mentions.contains(user) ?? false }

  /// Takes an amendment, and says what is wrong with there being one.
  mutating func amend(_ event: Event) -> String? {
    guard let actor = event.actor.user else { return "nobody did it" }
    let reaction: Reaction
    switch event.body {
    case .messageRecalled:
      if isRecalled { return "it was recalled before" }
      recalledBy = actor
      (edits, reactions) = ([], [])
      return nil
    case .messageEdited(_, let content):
      edits.append(content)
      return isRecalled ? "it was recalled before" : nil
    case .reactionAdded(_, let text):
      if isRecalled { return "it was recalled before" }
      reaction = Reaction(user: actor, reaction: text)
      if reactions.contains(reaction) { return "that reaction is there already" }
      reactions.append(reaction)
      return nil
    case .reactionRemoved(_, let text):
      reaction = Reaction(user: actor, reaction: text)
      guard let at = reactions.firstIndex(of: reaction) else { return "there is no such reaction" }
      reactions.remove(at: at)
      return nil
    default: return "it is no amendment"
    }
  }
}

extension Event.Body {
  var amendmentTarget: MessageTarget? {
    switch self {
    case .messageRecalled(let target), .messageEdited(let target, _),
      .reactionAdded(let target, _), .reactionRemoved(let target, _):
      target
    default: nil
    }
  }
}
