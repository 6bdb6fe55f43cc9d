import DaybookSDK
import DaybookModel

/// Who reads the screen, and which conversation is open.
struct ChatReader: Equatable {
  var me: String
  var open: Conversation?
}

/// How the console client words things. Pure: what it shows is tested without a server.
enum ChatText {
  static func name(_ conversation: Conversation) -> String {
    switch conversation {
    case .user(let id): Terminal.safe(id)
    case .group(let id): "#" + Terminal.safe(id)
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

  // MARK: messages

  /// `[12] 09:14 alice: text`, with the conversation in front where it isn't the open one.
  /// `answered` is the message that it replies to, if that is on the screen.
  static func message(
    _ message: IncomingMessage, number: Int?, for reader: ChatReader,
    answered: ShownMessages.Entry? = nil, unread: UInt64 = 0
  ) -> String {
    let mark = number.map { "[\($0)] " } ?? ""
    let place = place(message.conversation, isOwn: message.isOwn, for: reader)
    let author = author(message) + origin(message, answered, me: reader.me)
    let count = message.conversation != reader.open && unread > 0 ? "  (\(unread) unread)" : ""
    return "\(mark)\(time(message)) \(place)\(author): \(body(message, me: reader.me))\(count)"
  }

  /// Empty in the open conversation, and where the author says it.
  static func place(
    _ conversation: Conversation, isOwn: Bool, for reader: ChatReader
  ) -> String {
    if conversation == reader.open { return "" }
    if case .user(let peer) = conversation { return isOwn ? "to \(Terminal.safe(peer)) " : "" }
    return name(conversation) + " "
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

  private static func body(_ message: IncomingMessage, me: String) -> String {
    switch message.gone {
    case .recalled(let by, _): return recalled(by: by, author: message.from, me: me)
    case .expired: return "[expired]"
    case nil: break
    }
    var body = content(message.content)
    if message.isEdited { body += " (edited)" }
    if message.isTransient { body += " (not stored)" }
    if message.mentionsMe { body += " (mentions you)" }
    if let expiry = message.expiresAtMilliseconds { body += " (until \(moment(expiry)))" }
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

  /// Of the sender's clock where it is stated; with the date where it isn't the server's day.
  static func time(_ message: IncomingMessage) -> String {
    let recorded = Timestamp(milliseconds: message.recordedAtMilliseconds).rfc3339
    let shown =
      message.clientTimeMilliseconds.map { Timestamp(milliseconds: $0).rfc3339 } ?? recorded
    let clock = shown.dropFirst(11).prefix(5)
    return shown.prefix(10) == recorded.prefix(10) ? "\(clock)" : "\(shown.prefix(10)) \(clock)"
  }

  /// Date and time of day.
  static func moment(_ milliseconds: UInt64) -> String {
    let text = Timestamp(milliseconds: milliseconds).rfc3339
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
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

  // MARK: the connection, and what was sent

  static func status(_ update: StatusUpdate, of preview: String, number: Int?) -> String? {
    let what = preview.isEmpty ? "what you wrote" : preview
    let mark = number.map { " [\($0)]" } ?? ""
    let receiver = name(update.conversation)
    return switch update.status {
    case .sending: nil
    case .stored: "✓ stored\(mark): \(what)"
    case .pushed: "✓ sent to who is online: \(what)"
    case .delivered: "✓✓ delivered to \(receiver)\(mark): \(what)"
    case .read: "✓✓ read by \(receiver)\(mark): \(what)"
    case .failed(let error): "✗ not sent: \(what) (\(problem(error)))"
    }
  }

  static func connection(_ state: ConnectionState) -> String? {
    switch state {
    case .connected: nil
    case .waiting(let pause, let error):
      "the connection is lost, next try in \(pause) (\(problem(error)))"
    case .closed(let error): error.map { "the session has ended: \(problem($0))" }
    }
  }

  /// An error in a person's words.
  static func problem(_ error: ClientError) -> String {
    problems[error.name] ?? Terminal.safe(error.message)
  }

  private static let problems: [String: String] = [
    ErrorCode.groupNotFound.name: "there is no such group; /group NAME makes one",
    ErrorCode.notAMember.name: "that takes a member; /join NAME makes you one",
    ErrorCode.messageNotFound.name: "there is no such message",
    ErrorCode.messageWasRecalled.name: "the message was taken back",
    ErrorCode.recallExpired.name: "it is too late to take that back",
    ErrorCode.blocked.name: "this user takes nothing from you",
    ErrorCode.silenced.name: "you may only read here at present",
    ErrorCode.groupDissolved.name: "this group was ended for good",
    ErrorCode.notInvited.name: "you get in only if a member of it invites you",
    ErrorCode.groupFull.name: "there is no more room in this group",
    ErrorCode.tooManyAmendments.name: "this message has as many edits or reactions as it can have",
    ErrorCode.receiptsOff.name: "of a group as large as this one, who has read what isn't kept",
    ErrorCode.tooManyStays.name: "this user has joined and left the group too often",
    ErrorCode.tooManyDevices.name: "you have too many devices; log one out that you don't use",
    ErrorCode.deviceForgotten.name: "another of your devices has logged this one out",
    ErrorCode.storageFull.name: "the server's disk is full",
    ErrorCode.contentTooLarge.name: "that is too long",
    ErrorCode.sessionReplaced.name: "this device has connected from elsewhere",
    ErrorCode.serverStopping.name: "the server is being stopped",
    ErrorCode.unreachable.name: "the server doesn't answer",
    ErrorCode.expiredToken.name: "the token has expired; get a new one",
  ]
}
