import DaybookSDK
import DaybookModel

/// What is said, and what becomes of it.
extension ChatSession {
  func follow(_ input: ChatInput.MessageInput) async throws {
    switch input {
    case .reply(let number, let text):
      let (id, conversation) = try await message(number)
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
    case .forward(let number, let receiver):
      let (id, conversation) = try await message(number)
      let preview = shown[number]?.preview ?? ""
      note(try client.forward(id, in: conversation, to: receiver), preview, isNumbered: true)
    case .receipts(let number): try await showReceipts(number)
    case .keep(let days, let text):
      try send(text, to: try openConversation(), SendOptions(keepDays: days))
    case .transient(let text):
      try send(text, to: try openConversation(), SendOptions(isTransient: true))
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
    note(message, text, isNumbered: !options.isTransient)
  }

  /// What was sent has its number at once, so that it can be referred to.
  private func note(_ message: SentMessage, _ text: String, isNumbered: Bool) {
    var number: Int?
    if isNumbered {
      let made = shown.reserve(in: message.conversation, ChatText.preview(text))
      sent[made] = message
      number = made
    }
    previews.sent(message.id, text, number: number)
  }

  /// The message of this number; without one, the own last one of the open conversation.
  private func message(
    _ number: Int?
  ) async throws -> (id: UInt64, conversation: Conversation) {
    let entry: ShownMessages.Entry
    if let number {
      guard let known = shown[number] else {
        throw ClientError(.invalidRequest, "no message [\(number)] was shown")
      }
      entry = known
    } else {
      guard let last = shown.lastOwn(in: try openConversation()) else {
        throw ClientError(
          .invalidRequest, "you have said nothing here that was shown: give a message's number")
      }
      entry = last
    }
    if let id = entry.id { return (id, entry.conversation) }
    guard let stored = try await sent[entry.number]?.stored() else {
      throw ClientError(.invalidRequest, "message [\(entry.number)] was not sent")
    }
    shown.bind(entry.number, to: stored.messageID)
    return (stored.messageID, entry.conversation)
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
    let shownNumber = shown.entry(of: id, in: conversation)?.number ?? number ?? 0
    screen.show(ChatText.receipts(receipts, of: shownNumber, me: me))
  }
}
