import DaybookModel
import DaybookSchema
import NIOCore
import Ports

/// A message as history shows it: with what it says now, and what became of it.
struct HistoryLine {
  private let event: Event
  private let conversation: ConversationKey
  private let amendments: MessageAmendments?
  private let said: Said

  private enum Said {
    case message(Message, ContentCoding.Shown, editedAt: Timestamp?)
    case nothing(MessageTombstone)
  }

  /// Throws `log_corrupt` for what is no message, `invalid_content`.
  init(
    _ event: Event, _ conversation: ConversationKey, _ amendments: MessageAmendments?
  ) throws(DaybookError) {
    self.event = event
    self.conversation = conversation
    self.amendments = amendments
    switch event.body {
    case .messageSent(let message), .messageCopied(let message, _, _):
      let edit = try amendments?.edit.map { bytes throws(DaybookError) in
        try EventDecoding.decode(bytes)
      }
      if let edit, case .messageEdited(_, let content) = edit.body {
        said = .message(message, try ContentCoding.show(content), editedAt: edit.recordedAt)
      } else {
        said = .message(message, try ContentCoding.show(message.content), editedAt: nil)
      }
    case .messageTombstone(let tombstone): said = .nothing(tombstone)
    default: throw DaybookError(.logCorrupt, "a \(event.kind.name) stands among the messages")
    }
  }

  private var sender: String { event.actor.user?.text ?? "" }

  // MARK: for programs

  var json: JSONLine {
    var line = JSONLine()
    line.set("conversation", conversation.description)
    line.set("stream", event.stream.text)
    line.set("seq", event.seq.rawValue)
    line.set("message_id", event.messageID.description)
    line.set("from", sender)
    switch said {
    case .message(let message, let shown, let editedAt):
      set(message, shown, in: &line)
      line.set("recorded_at", event.recordedAt.rfc3339)
      line.set("client_time", message.clientTime == .none ? nil : message.clientTime.rfc3339)
      if let editedAt {
        line.set("edited_at", editedAt.rfc3339)
        line.set("edits", amendments?.edits ?? 1)
      }
      if let extras = message.extras { set(extras, in: &line) }
    case .nothing(let tombstone):
      line.set("text", nil)
      line.set("recorded_at", event.recordedAt.rfc3339)
      line.set("sender_name", tombstone.senderName.isEmpty ? nil : tombstone.senderName)
      line.set(
        "client_time", tombstone.clientTime == .none ? nil : tombstone.clientTime.rfc3339)
      if let by = tombstone.by {
        line.set("recalled_by", by.text)
        line.set("recalled_at", tombstone.at.rfc3339)
      } else {
        line.set("expired_at", tombstone.at.rfc3339)
      }
    }
    if let reactions = amendments?.reactions, !reactions.isEmpty {
      line.set(
        "reactions",
        reactions.map { reaction in
          var object = JSONLine()
          object.set("reaction", reaction.reaction)
          object.set("count", reaction.count)
          return object
        })
    }
    return line
  }

  private func set(_ message: Message, _ shown: ContentCoding.Shown, in line: inout JSONLine) {
    line.set("sender_name", message.senderName.isEmpty ? nil : message.senderName)
    switch shown {
    case .text(let text): line.set("text", text)
    case .bytes(let type, let count):
      line.set("text", nil)
      line.set("content_type", type)
      line.set("content_bytes", count)
    case .sealed(let keyID, let count):
      line.set("text", nil)
      line.set("key_id", keyID)
      line.set("content_bytes", count)
    }
  }

  private func set(_ extras: MessageExtras, in line: inout JSONLine) {
    if extras.replyTo != .none { line.set("reply_to", extras.replyTo.description) }
    if !extras.mentions.isEmpty { line.set("mentions", extras.mentions.map(\.text)) }
    if extras.mentionsEveryone { line.set("mentions_everyone", true) }
    if let origin = extras.forwarded {
      line.set("forwarded_from", origin.user.text)
      line.set("forwarded_message_id", origin.messageID.description)
    }
    if extras.expiresAt != .none { line.set("expires_at", extras.expiresAt.rfc3339) }
  }

  // MARK: for people

  /// The message that this one answers; nil if it answers none.
  var replyTo: MessageID? {
    guard case .message(let message, _, _) = said, let extras = message.extras else { return nil }
    return extras.replyTo == .none ? nil : extras.replyTo
  }

  private static let quotedMax = 30

  /// Who said it, and its first words, for a line that answers it.
  var quote: String {
    switch said {
    case .message(_, let shown, _):
      let (words, most) = (shown.line, HistoryLine.quotedMax)
      return "\(name): " + (words.count > most ? words.prefix(most - 1) + "…" : words)
    case .nothing(let tombstone):
      return "\(tombstone.by == nil ? "an expired" : "a recalled") message of \(name)"
    }
  }

  /// As it is shown.
  private var name: String {
    let stated =
      switch said {
      case .message(let message, _, _): message.senderName
      case .nothing(let tombstone): tombstone.senderName
      }
    return Terminal.safe(stated.isEmpty ? sender : stated)
  }

  /// By the sender's clock where it is known: imported messages are older than their record.
  private var time: Timestamp {
    let stated =
      switch said {
      case .message(let message, _, _): message.clientTime
      case .nothing(let tombstone): tombstone.clientTime
      }
    return stated == .none ? event.recordedAt : stated
  }

  /// `answered` is the quote of the message that this one answers; nil if that isn't there.
  func text(withID: Bool, answering answered: String? = nil) -> String {
    let body: String
    switch said {
    case .message(let message, let shown, let editedAt):
      let origin = message.extras?.forwarded.map {
        "[forwarded from \(Terminal.safe($0.user.text))] "
      }
      body =
        reply(withID: withID, answered) + (origin ?? "") + shown.line
        + (editedAt == nil ? "" : "  (edited)")
    case .nothing(let tombstone):
      body = tombstone.by.map { "[recalled by \(Terminal.safe($0.text))]" } ?? "[expired]"
    }
    let id = withID ? "\(Terminal.padded(event.messageID.description, to: 19, .right))  " : ""
    return "\(id)\(time.rfc3339.prefix(19))Z  \(Terminal.padded(name, to: 16, .right))  "
      + body + reactions
  }

  private func reply(withID: Bool, _ answered: String?) -> String {
    guard let replyTo else { return "" }
    let id = withID ? "\(replyTo), " : ""
    return "[in reply to \(id)\(answered ?? "a message that isn't there")] "
  }

  private var reactions: String {
    guard let reactions = amendments?.reactions, !reactions.isEmpty else { return "" }
    let parts = reactions.map { "\(Terminal.safe($0.reaction)) \($0.count)" }
    return "  {" + parts.joined(separator: ", ") + "}"
  }
}
