import DaybookModel
import DaybookSDK

/// Who reads the screen, where, and which conversation is open.
struct ChatReader {
  var me: String
  var open: Conversation?
  var clock: ChatClock
}

/// How the console client words things. Pure: what it shows is tested without a server.
enum ChatText {
  static func name(_ conversation: Conversation) -> String {
    switch conversation {
    case .user(let id): Terminal.safe(id)
    case .group(let id): "#" + Terminal.safe(id)
    }
  }

  /// How a line that was said elsewhere begins: `@alice`, `#team`.
  static func tag(_ conversation: Conversation) -> String {
    switch conversation {
    case .user(let id): "@" + Terminal.safe(id)
    case .group: name(conversation)
    }
  }

  /// The command that opens a conversation.
  static func opening(_ conversation: Conversation) -> String {
    switch conversation {
    case .user(let id): "/to \(Terminal.safe(id))"
    case .group(let id): "/group \(Terminal.safe(id))"
    }
  }

  /// By bytes, as all ids: others may merely look like it.
  static func isMe(_ user: String?, _ me: String) -> Bool {
    user.map { ByteEquality.of($0, me) } ?? false
  }

  static func person(_ user: String, me: String) -> String {
    isMe(user, me) ? "you" : Terminal.safe(user)
  }

  static func author(_ message: IncomingMessage) -> String {
    message.isOwn ? "you" : Terminal.safe(message.senderName ?? message.from)
  }

  /// 1234567 as `1,234,567`.
  static func count(_ value: UInt64) -> String {
    let digits = Array(String(value))
    return digits.indices.reduce(into: "") { text, at in
      if at > 0, (digits.count - at) % 3 == 0 { text += "," }
      text.append(digits[at])
    }
  }

  // MARK: messages

  /// `[12] 09:14 alice: text`, and `#team 09:14 alice: text` where it isn't the open conversation.
  /// `answered` is the message that it replies to, if that was shown.
  static func message(
    _ message: IncomingMessage, number: Int?, for reader: ChatReader,
    answered: ShownMessages.Entry? = nil, unread: UInt64 = 0
  ) -> String {
    let mark = mark(message.conversation, number, for: reader)
    let author = author(message) + origin(message, answered, me: reader.me)
    let isElsewhere = message.conversation != reader.open
    let count =
      isElsewhere && unread > 0
      ? "  (\(count(unread)) unread: \(opening(message.conversation)))" : ""
    let time = reader.clock.time(shownTime(message))
    return "\(mark)\(time) \(author): \(body(message, for: reader))\(count)"
  }

  /// A message of this console, as it is sent.
  static func sending(
    _ text: String, to conversation: Conversation, number: Int?, for reader: ChatReader,
    answered: ShownMessages.Entry? = nil, isForwarded: Bool = false
  ) -> String {
    let mark = mark(conversation, number, for: reader)
    let origin = isForwarded ? " (forwarded)" : answered.map { " (↪ \(quote($0)))" } ?? ""
    return "\(mark)\(reader.clock.time(reader.clock.now())) you\(origin): \(safe(text))"
  }

  /// In front of a line about a message: its number, or the conversation if it isn't the open one.
  static func mark(
    _ conversation: Conversation, _ number: Int?, for reader: ChatReader
  ) -> String {
    guard conversation == reader.open else { return tag(conversation) + " " }
    return number.map { $0 > 0 ? "[\($0)] " : "" } ?? ""
  }

  private static func origin(
    _ message: IncomingMessage, _ answered: ShownMessages.Entry?, me: String
  ) -> String {
    if let forwarded = message.forwarded {
      return " (forwarded from \(person(forwarded.from, me: me)))"
    }
    guard message.replyTo != nil else { return "" }
    return " (↪ \(answered.map(quote) ?? "an earlier message"))"
  }

  /// What a message was, for a line about it: `alice: text`.
  static func quote(_ entry: ShownMessages.Entry) -> String {
    "\(entry.author): \(entry.preview.isEmpty ? "…" : entry.preview)"
  }

  private static func body(_ message: IncomingMessage, for reader: ChatReader) -> String {
    switch message.gone {
    case .recalled(let by, _): return recalled(by: by, author: message.from, me: reader.me)
    case .expired: return "[expired]"
    case nil: break
    }
    var body = content(message.content)
    if message.isEdited { body += " (edited)" }
    if message.isTransient { body += " (not stored)" }
    if message.mentionsMe { body += " (mentions you)" }
    if let expiry = message.expiresAt {
      body += " (until \(reader.clock.moment(expiry)))"
    }
    if !message.reactions.isEmpty {
      let reactions = message.reactions.map { one in
        "\(Terminal.safe(one.reaction)) \(one.count)\(one.isOwn ? " (yours too)" : "")"
      }
      body += "  [\(reactions.joined(separator: ", "))]"
    }
    return body
  }

  static func recalled(by: String, author: String, me: String) -> String {
    by == author ? "[recalled]" : "[recalled by \(person(by, me: me))]"
  }

  /// Milliseconds since 1970: of the sender's clock where it is stated.
  static func shownTime(_ message: IncomingMessage) -> UInt64 {
    (message.clientTime ?? message.recordedAt).millisecondsSince1970
  }

  static func content(_ content: MessageContent) -> String {
    switch content {
    case .text(let text): safe(text)
    case .bytes(let type, let bytes): "[\(bytes.count) bytes of \(Terminal.safe(type))]"
    case .sealed(_, _, let ciphertext): "[\(ciphertext.count) sealed bytes]"
    }
  }

  /// Line ends and tabs stay, for screens know what to do with them.
  static func safe(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { line in
        line.split(separator: "\t", omittingEmptySubsequences: false)
          .map { Terminal.safe(String($0)) }.joined(separator: "\t")
      }.joined(separator: "\n")
  }

  /// Enough of a message to know it by.
  static func preview(_ text: String) -> String {
    let safe = Terminal.safe(text)
    return safe.count > 30 ? safe.prefix(29) + "…" : safe
  }

  // MARK: the connection, and what was sent

  /// At the end of an own message's line.
  static func status(_ status: MessageStatus, _ problem: (ClientError) -> String) -> String {
    switch status {
    case .sending: "…"
    case .stored: "✓ stored"
    case .pushed: "✓ sent to who is online"
    case .delivered: "✓✓ delivered"
    case .read: "✓✓ read"
    case .failed(let error): "✗ not sent (\(problem(error)))"
    }
  }

  static func lost(_ error: ClientError) -> String {
    "the connection is lost (\(problem(error))); trying again"
  }

  static func ended(_ group: String) -> String {
    "#\(Terminal.safe(group)) was ended for good: it can only be read"
  }

  static let isBack = "the connection is back"
}
