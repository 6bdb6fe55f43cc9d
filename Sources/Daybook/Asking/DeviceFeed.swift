import DaybookModel
import DaybookSDK

/// What a device's session is sent, message by message.
struct DeviceFeed {
  private let client: DaybookClient

  init(_ client: DaybookClient) { self.client = client }

  /// Calls `begin` once everything from before this session has come, and from then on `take` with
  /// each message that comes into the conversation. Throws why the session ended.
  func follow(
    _ key: ConversationKey, begin: () async throws -> Void,
    take: (MessageID) async throws -> Void
  ) async throws {
    let conversation = key.peer.map { Conversation.user($0.text) } ?? .group(key.stream.id)
    var isCaughtUp = false
    for await event in client.events {
      switch event {
      case .caughtUp:
        if !isCaughtUp { try await begin() }
        isCaughtUp = true
      case .message(let message):
        guard isCaughtUp, message.conversation == conversation, !message.isTransient else { break }
        try await take(MessageID(message.id))
      default: break
      }
    }
    if let error = client.endedBy { throw error }
  }
}
