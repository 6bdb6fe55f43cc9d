import DaybookSDK
import DaybookModel

/// The person's own list of conversations, people and devices.
extension ChatSession {
  func follow(_ input: ChatInput.OwnInput) async throws {
    switch input {
    case .conversations:
      screen.show(ChatText.conversations(try await client.conversations()))
    case .quiet(let isQuiet): try await mark(try openConversation(), isQuiet: isQuiet)
    case .pin(let isPinned): try await mark(try openConversation(), isPinned: isPinned)
    case .markUnread:
      let conversation = try openConversation()
      try await mark(conversation, isUnread: true)
      close(conversation)
    case .clear: try await clear(try openConversation())
    case .block(let user):
      try await perform(.blocked(user)) { try await client.block(user) }
    case .unblock(let user):
      try await perform(.unblocked(user)) { try await client.unblock(user) }
    case .blocked: screen.show(ChatText.blocked(try await client.blockedUsers()))
    case .devices:
      screen.show(ChatText.devices(try await client.devices(), this: info?.device))
    case .forget(let device):
      try await perform(.deviceForgotten(device)) { try await client.forgetDevice(device) }
    }
  }

  private func mark(
    _ conversation: Conversation, isQuiet: Bool? = nil, isPinned: Bool? = nil,
    isUnread: Bool? = nil
  ) async throws {
    var marked = marks[conversation] ?? MarkedConversation(conversation, .none)
    marked.isQuiet = isQuiet ?? marked.isQuiet
    marked.isPinned = isPinned ?? marked.isPinned
    marked.isMarkedUnread = isUnread ?? marked.isMarkedUnread
    try await perform(.marked(marked)) {
      try await client.mark(
        conversation, isQuiet: isQuiet, isPinned: isPinned, isUnread: isUnread)
    }
    marks[conversation] = marked
  }

  private func clear(_ conversation: Conversation) async throws {
    guard let seq = seen[conversation], seq > 0 else {
      throw ClientError(.invalidRequest, "there is nothing to delete here")
    }
    try await perform(.cleared(conversation, upToSeq: seq)) {
      try await client.clear(conversation, upToSeq: seq)
    }
  }
}
