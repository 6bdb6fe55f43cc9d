import DaybookClient
import DaybookModel

/// How the console client words things. Pure: what it shows is tested without a server.
enum ChatText {
  static func name(_ conversation: Conversation) -> String {
    switch conversation {
    case .user(let id): Terminal.safe(id)
    case .group(let id): "#" + Terminal.safe(id)
    }
  }

  /// `09:14 alice: text`, with the conversation in front where it isn't the open one.
  static func message(_ message: IncomingMessage, open: Conversation?, unread: UInt64) -> String {
    let sender = message.isOwn ? "you" : Terminal.safe(message.senderName ?? message.from)
    let place: String
    if message.conversation == open {
      place = ""
    } else if case .user(let peer) = message.conversation {
      place = message.isOwn ? "to \(Terminal.safe(peer)) " : ""
    } else {
      place = name(message.conversation) + " "
    }
    let count = message.conversation != open && unread > 0 ? "  (\(unread) unread)" : ""
    return "\(time(message)) \(place)\(sender): \(content(message.content))\(count)"
  }

  /// Of the sender's clock where it is stated; with the date where it isn't the server's day.
  static func time(_ message: IncomingMessage) -> String {
    let recorded = Timestamp(milliseconds: message.recordedAtMilliseconds).rfc3339
    let shown =
      message.clientTimeMilliseconds.map { Timestamp(milliseconds: $0).rfc3339 } ?? recorded
    let clock = shown.dropFirst(11).prefix(5)
    return shown.prefix(10) == recorded.prefix(10) ? "\(clock)" : "\(shown.prefix(10)) \(clock)"
  }

  static func content(_ content: MessageContent) -> String {
    switch content {
    case .text(let text): Terminal.safe(text)
    case .bytes(let type, let bytes): "[\(bytes.count) bytes of \(Terminal.safe(type))]"
    case .sealed(_, _, let ciphertext): "[\(ciphertext.count) sealed bytes]"
    }
  }

  /// Enough of a message to know it by.
  static func preview(_ text: String) -> String {
    let safe = Terminal.safe(text)
    return safe.count > 30 ? safe.prefix(29) + "…" : safe
  }

  static func status(_ update: StatusUpdate, of preview: String) -> String? {
    let preview = preview.isEmpty ? "what you wrote" : preview
    return switch update.status {
    case .sending: nil
    case .stored: "✓ stored: \(preview)"
    case .delivered: "✓✓ delivered to \(name(update.conversation)): \(preview)"
    case .read: "✓✓ read by \(name(update.conversation)): \(preview)"
    case .failed(let error): "✗ not sent: \(preview) (\(problem(error)))"
    }
  }

  static func unread(_ counts: [Conversation: UInt64]) -> String {
    let some = counts.filter { $0.value > 0 }.sorted { "\($0.key)" < "\($1.key)" }
    if some.isEmpty { return "nothing unread" }
    return some.map { "\(name($0.key)): \($0.value) unread" }.joined(separator: "\n")
  }

  static func connection(_ state: ConnectionState) -> String? {
    switch state {
    case .connected: nil
    case .waiting(let milliseconds, let error):
      "the connection is lost, next try in \(milliseconds) ms (\(problem(error)))"
    case .closed(let error): error.map { "the session has ended: \(problem($0))" }
    }
  }

  /// An error in a person's words.
  static func problem(_ error: ClientError) -> String {
    switch error.name {
    case ErrorCode.groupNotFound.name: "there is no such group; /group NAME makes one"
    case ErrorCode.notAMember.name: "you aren't a member; /join NAME makes you one"
    case ErrorCode.storageFull.name: "the server's disk is full"
    case ErrorCode.contentTooLarge.name: "the message is too long"
    case ErrorCode.sessionReplaced.name: "this device has connected from elsewhere"
    case ErrorCode.serverStopping.name: "the server is being stopped"
    case ErrorCode.unreachable.name: "the server doesn't answer"
    case ErrorCode.expiredToken.name: "the token has expired; get a new one"
    default: Terminal.safe(error.message)
    }
  }
}
