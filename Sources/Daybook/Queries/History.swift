import ArgumentParser
import DaybookModel
import DaybookSchema
import Ports

/// Prints a conversation's messages.
struct History: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the newest messages of a conversation, oldest first.",
    usage: """
      daybook history --data <data> --user <user> --with <peer> [--before <id>] [--limit <n>] [--json]
      daybook history --data <data> --group <group> [--before <id>] [--limit <n>] [--json]
      """)

  @OptionGroup var data: DataOption

  @Option(help: "Whose mailbox to look in.")
  var user: String?

  @Option(name: .customLong("with"), help: "The other one of a direct conversation.")
  var peer: String?

  @Option(help: "The group.")
  var group: String?

  @Option(help: "Only messages older than the one with this id.")
  var before: UInt64?

  @Option(help: "How many messages, the newest ones; there is no upper bound.")
  var limit = 50

  @OptionGroup var json: JSONOption

  func validate() throws {
    let isDirect = user != nil && peer != nil
    guard isDirect != (group != nil), (user == nil) == (peer == nil) else {
      throw ValidationError("give either --user and --with, or --group")
    }
    guard limit > 0 else { throw ValidationError("--limit is at least 1, not \(limit)") }
  }

  func run() async throws {
    let conversation = try conversation()
    try await data.asking { data in
      // One more than the limit is asked for within: it must not overflow.
      let page = try await data.queries.history(
        of: conversation, before: before.map { MessageID($0) }, limit: min(limit, 1 << 40),
        visible: nil)
      if page.messages.isEmpty { try await checkThatItExists(conversation, data) }
      var output = StandardOutput()
      for stored in page.messages {
        let line = try HistoryLine(try EventDecoding.decode(stored.bytes), conversation)
        if json.isSet { try output.line(line.json) } else { try output.line(line.text) }
      }
      try output.flush()
    }
  }

  private func conversation() throws -> ConversationKey {
    if let group { return ConversationKey(group: try .parse(group, "--group")) }
    return ConversationKey(
      mailbox: try .parse(user ?? "", "--user"), peer: try .parse(peer ?? "", "--with"))
  }

  /// A mailbox need not exist to be empty, but a group does.
  private func checkThatItExists(_ conversation: ConversationKey, _ data: OpenData) async throws {
    guard conversation.stream.kind == .group else { return }
    let first = try await data.queries.events(
      of: conversation.stream, from: Seq(1), through: Seq(1), limit: 1, bytesMax: 1)
    if first.isEmpty {
      throw DaybookError(
        .groupNotFound, "there is no group '\(conversation.stream.id)': check the name")
    }
  }
}

/// A message as history shows it.
struct HistoryLine {
  private let event: Event
  private let conversation: ConversationKey
  private let message: Message
  private let shown: ContentCoding.Shown

  /// Throws `log_corrupt` for what is no message, `invalid_content`.
  init(_ event: Event, _ conversation: ConversationKey) throws(DaybookError) {
    switch event.body {
    case .messageSent(let message), .messageCopied(let message, _, _): self.message = message
    default: throw DaybookError(.logCorrupt, "a \(event.kind.name) stands among the messages")
    }
    self.event = event
    self.conversation = conversation
    shown = try ContentCoding.show(message.content)
  }

  private var sender: String { event.actor.user?.text ?? "" }

  var json: JSONLine {
    var line = JSONLine()
    line.set("conversation", conversation.description)
    line.set("stream", event.stream.text)
    line.set("seq", event.seq.rawValue)
    line.set("message_id", event.messageID.description)
    line.set("from", sender)
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
    line.set("recorded_at", event.recordedAt.rfc3339)
    line.set("client_time", message.clientTime == .none ? nil : message.clientTime.rfc3339)
    return line
  }

  /// By the sender's clock where it is known: imported messages are older than their record.
  var text: String {
    let time = (message.clientTime == .none ? event.recordedAt : message.clientTime).rfc3339
    let name = message.senderName.isEmpty ? sender : message.senderName
    let body =
      switch shown {
      case .text(let text): Terminal.safe(text)
      case .bytes(let type, let count): "[\(Terminal.safe(type)), \(count) bytes]"
      case .sealed(let keyID, let count): "[sealed with \(Terminal.safe(keyID)), \(count) bytes]"
      }
    let sender = Terminal.padded(Terminal.safe(name), to: 16, .right)
    return "\(time.prefix(19))Z  \(sender)  \(body)"
  }
}
