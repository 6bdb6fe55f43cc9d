import DaybookModel
import DaybookSDK

/// What is said, and done with messages.
extension ChatSession {
  func follow(_ input: ChatInput.MessageInput) async throws {
    switch input {
    case .reply(let number, let text):
      let (id, conversation) = try await message(number)
      _ = try core.speakingConversation()
      try send(text, to: conversation, SendOptions(replyTo: id))
    case .edit(let number, let text):
      let (id, conversation) = try await message(number)
      let edit = MessageEdit(
        conversation: conversation, messageID: id, by: me, content: .text(text))
      try await perform(.edited(edit)) {
        try await client.edit(id, in: conversation, text: text)
        return true
      }
    case .recall(let number):
      let (id, conversation) = try await message(number)
      let recall = MessageRecall(conversation: conversation, messageID: id, by: me)
      try await perform(.recalled(recall)) {
        try await client.recall(id, in: conversation)
      }
    case .react(let number, let reaction):
      try await react(reaction, to: number, isRemoved: false)
    case .unreact(let number, let reaction):
      try await react(reaction, to: number, isRemoved: true)
    case .forward(let number, let receiver): try await forward(number, to: receiver)
    case .receipts(let number): try await showReceipts(number)
    case .keep(let days, let text):
      try send(text, to: try core.speakingConversation(), SendOptions(keepDays: days))
    case .transient(let text):
      try send(text, to: try core.speakingConversation(), SendOptions(isTransient: true))
    }
  }

  func send(_ text: String, to conversation: Conversation, _ options: SendOptions) throws {
    var options = options
    var isGroup = false
    if case .group = conversation { isGroup = true }
    let mentions = Mentions(in: text, ofGroup: isGroup)
    options.mentions = mentions.users
    options.mentionsEveryone = mentions.hasEveryone
    let message = try client.send(text: text, to: conversation, options: options)
    sent(
      message,
      ChatCore.Sending(
        id: message.id, conversation: conversation, text: text,
        isTransient: options.isTransient, replyTo: options.replyTo))
  }

  private func forward(_ number: Int, to receiver: Conversation) async throws {
    let (id, conversation) = try await message(number)
    let message = try client.forward(id, in: conversation, to: receiver)
    let text = core.shown[number, in: conversation]?.preview ?? ""
    sent(
      message,
      ChatCore.Sending(id: message.id, conversation: receiver, text: text, isForwarded: true))
  }

  private func sent(_ message: SentMessage, _ sending: ChatCore.Sending) {
    run(core.send(sending))
    if !screen.isTerminal { pending.append(message) }
  }

  /// The message of this number in the open conversation; without one, the own last one there.
  private func message(
    _ number: Int?
  ) async throws -> (id: UInt64, conversation: Conversation) {
    var entry = try core.entry(number)
    if entry.id == nil {
      // Of one that is on its way, the answer is waited for.
      await client.settled()
      entry = try core.entry(entry.number)
    }
    guard let id = entry.id else {
      throw ChatMistake(advice: "message [\(entry.number)] was not sent")
    }
    return (id, entry.conversation)
  }

  private func react(_ text: String, to number: Int, isRemoved: Bool) async throws {
    let (id, conversation) = try await message(number)
    let reaction = MessageReaction(
      conversation: conversation, messageID: id, by: me, reaction: text, isRemoved: isRemoved)
    try await perform(.reaction(reaction)) {
      isRemoved
        ? try await client.unreact(text, to: id, in: conversation)
        : try await client.react(text, to: id, in: conversation)
    }
  }

  private func showReceipts(_ number: Int?) async throws {
    let (id, conversation) = try await message(number)
    let receipts = try await client.receipts(
      of: id, in: conversation, limit: ChatText.receiptsShownMax)
    let number = core.shown.entry(of: id, in: conversation)?.number ?? number ?? 0
    say(ChatText.receipts(receipts, of: number, for: core.reader))
  }

  /// Runs a command of which an event tells: here it is told as soon as it is durable, by a line of
  /// its own where only the server knows all that the event says.
  /// False where there was nothing to do.
  @discardableResult
  func perform(
    _ event: ClientEvent, line: String? = nil, _ command: () async throws -> Bool
  ) async throws -> Bool {
    core.doings.expect(event)
    do {
      guard try await command() else {
        core.doings.withdraw(event)
        say(ChatText.unchanged(event))
        return false
      }
      if let line { say(line) } else { run(core.tell(event)) }
      return true
    } catch {
      core.doings.withdraw(event)
      throw error
    }
  }
}
