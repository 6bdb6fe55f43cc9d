import DaybookSDK

/// What this console sends, and what becomes of it.
extension ChatCore {
  /// A message on its way, by what the SDK counts it as.
  struct Sending {
    var id: UInt64
    var conversation: Conversation
    var text: String
    /// It is stored nowhere, and can't be referred to.
    var isTransient = false
    var isForwarded = false
    var replyTo: UInt64?
  }

  /// What is sent here has its number at once, so that it can be referred to.
  mutating func send(_ sending: Sending) -> [ChatOutput] {
    let conversation = sending.conversation
    names.add(conversation)
    let number =
      sending.isTransient || conversation != reader.open
      ? nil : shown.reserve(in: conversation, ChatText.preview(sending.text))
    let answered = sending.replyTo.flatMap { shown.entry(of: $0, in: conversation) }
    let text = ChatText.sending(
      sending.text, to: conversation, number: number, for: reader, answered: answered,
      isForwarded: sending.isForwarded)
    let id = newLine()
    own.sent(
      sending.id,
      OwnLines.Line(
        id: id, text: text, number: number, conversation: conversation,
        content: sending.isForwarded ? nil : sending.text))
    guard let id else { return [] }
    let line = ScreenLine("\(text)  \(ChatText.status(.sending, problem))")
    return dayLine(reader.clock.now()) + [.show(line, id: id)]
  }

  /// What came of a send: changes its line, or shows it where lines don't change. Nothing for an
  /// answer that was told before.
  mutating func answered(
    _ send: UInt64, _ status: MessageStatus, message id: UInt64?
  ) -> [ChatOutput] {
    guard let own = own.answered(send, message: id) else { return [] }
    if let number = own.number, let id { bind(number, in: own.conversation, to: id) }
    var isFailed = false
    if case .failed = status { isFailed = true }
    if isFailed { failed(.notSent) }
    let text = "\(own.text)  \(ChatText.status(status, problem))"
    let line = ScreenLine(text, isFailed ? .problem : .plain)
    if let id = own.id { return [.change(id, line, otherwise: isFailed ? line : nil)] }
    return dayLine(reader.clock.now()) + [.show(line)]
  }

  /// What became of a message after it was stored.
  mutating func progress(of message: UInt64, _ status: MessageStatus) -> [ChatOutput] {
    guard let own = own.line(of: message), let id = own.id else { return [] }
    return [.change(id, ScreenLine("\(own.text)  \(ChatText.status(status, problem))"))]
  }

  /// The message of this number in the open conversation; without one, the own last one there.
  func entry(_ number: Int?) throws(ChatMistake) -> ShownMessages.Entry {
    guard let number else {
      guard let last = shown.lastOwn(in: try openConversation()) else {
        throw ChatMistake(
          advice: "you have said nothing here that was shown: give a message's number")
      }
      return last
    }
    if let open = reader.open, let entry = shown[number, in: open] { return entry }
    let others = shown.conversations(with: number)
    guard let other = others.first else {
      _ = try openConversation()
      throw ChatMistake(advice: "no message [\(number)] was shown here")
    }
    throw ChatMistake(
      advice: "no message [\(number)] was shown here; the one in \(ChatText.name(other)) takes "
        + "\(ChatText.opening(other)) first")
  }
}
