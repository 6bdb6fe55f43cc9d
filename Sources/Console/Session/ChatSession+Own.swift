import DaybookSDK
import DaybookModel

/// The person's own list of conversations, people and devices.
extension ChatSession {
  func follow(_ input: ChatInput.OwnInput) async throws {
    switch input {
    case .quiet(let isQuiet): try await mark(try core.openConversation(), isQuiet: isQuiet)
    case .pin(let isPinned): try await mark(try core.openConversation(), isPinned: isPinned)
    case .markUnread:
      let conversation = try core.openConversation()
      try await mark(conversation, isUnread: true)
      run(core.close(conversation))
    case .clear: try await clear(try core.openConversation())
    case .block(let user):
      try await perform(.blocked(user)) {
        try await client.block(user)
      }
    case .unblock(let user):
      try await perform(.unblocked(user)) {
        try await client.unblock(user)
      }
    case .blocked: say(ChatText.blocked(try await client.blockedUsers()))
    case .devices:
      let devices = try await client.devices()
      say(ChatText.devices(devices, this: info?.device, core.reader.clock))
    case .forget(let device):
      try await perform(.deviceForgotten(device)) {
        try await client.forgetDevice(device)
      }
    }
  }

  private func mark(
    _ conversation: Conversation, isQuiet: Bool? = nil, isPinned: Bool? = nil,
    isUnread: Bool? = nil
  ) async throws {
    var marked = core.marks[conversation] ?? MarkedConversation(conversation, .none)
    marked.isQuiet = isQuiet ?? marked.isQuiet
    marked.isPinned = isPinned ?? marked.isPinned
    marked.isMarkedUnread = isUnread ?? marked.isMarkedUnread
    try await perform(.marked(marked)) {
      try await client.mark(
        conversation, isQuiet: isQuiet, isPinned: isPinned, isUnread: isUnread)
    }
    core.marks[conversation] = marked
  }

  private func clear(_ conversation: Conversation) async throws {
    guard let seq = core.seen[conversation], seq > 0 else {
      throw ChatMistake(advice: "there is nothing to delete here")
    }
    try await perform(.cleared(conversation, upToSeq: seq)) {
      try await client.clear(conversation, upToSeq: seq)
    }
  }
}
