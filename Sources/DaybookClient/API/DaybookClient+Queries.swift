import DaybookModel
import DaybookSchema
import NIOCore
import SwiftProtobuf
import WireProtocol

public struct HistoryMessages: Sendable, Hashable {
  /// By ascending message id.
  public var messages: [IncomingMessage]
  /// There are older ones.
  public var more: Bool
}

extension DaybookClient {
  /// The newest messages of a conversation, or the newest below a message id. Throws `ClientError`.
  public func history(
    of conversation: Conversation, before messageID: UInt64? = nil, limit: Int = 50
  ) async throws -> HistoryMessages {
    let key = try conversation.key()
    let request = Daybook_V1_HistoryRequest.with {
      $0.conversation = key.text
      $0.beforeMessageID = messageID ?? 0
      $0.limit = UInt32(clamping: limit)
    }
    let reply: Daybook_V1_HistoryReply = try await query(.history, request)
    let user = engine.loop.submit { self.engine.core.user }
    let me = try await user.get()
    let messages = try reply.events.compactMap { bytes in
      IncomingMessage(try EventDecoding.decode(ByteBuffer(bytes: bytes)), for: me)
    }
    return HistoryMessages(messages: messages, more: reply.more)
  }

  /// Unread messages of each conversation that has some. Throws `ClientError`.
  public func unread() async throws -> [Conversation: UInt64] {
    var unread: [Conversation: UInt64] = [:]
    var after = ""
    while true {
      let request = Daybook_V1_UnreadRequest.with { $0.after = after }
      let reply: Daybook_V1_UnreadReply = try await query(.unread, request)
      for one in reply.conversations {
        if let conversation = Conversation(one.conversation) { unread[conversation] = one.unread }
      }
      guard reply.more, let last = reply.conversations.last else { return unread }
      after = last.conversation
    }
  }

  /// Who of these users is online. With `watching`, changes come as `ClientEvent.presence`, and after
  /// a reconnect everybody's state comes anew. Throws `ClientError`.
  public func online(_ users: [String], watching: Bool = false) async throws -> [String: Bool] {
    let request = Daybook_V1_OnlineRequest.with {
      $0.users = users
      $0.watch = watching
    }
    let reply: Daybook_V1_OnlineReply = try await query(.online, request)
    if watching { engine.submit(.watch(users)) }
    return Dictionary(reply.users.map { ($0.user, $0.online) }) { $1 }
  }

  /// All members of a group, by their ids' bytes. Throws `ClientError`.
  public func members(of group: String) async throws -> [String] {
    var members: [String] = []
    while true {
      let request = Daybook_V1_MembersRequest.with {
        $0.group = group
        $0.after = members.last ?? ""
        $0.limit = UInt32(Limits.membersPageMax)
      }
      let reply: Daybook_V1_MembersReply = try await query(.members, request)
      members += reply.members
      if !reply.more || reply.members.isEmpty { return members }
    }
  }

  private func query<Reply: SwiftProtobuf.Message>(
    _ type: FrameType, _ request: some SwiftProtobuf.Message
  ) async throws -> Reply {
    let body = ByteBuffer(bytes: request.wireBytes())
    let bytes = try await ask { ClientEngine.Work.query(type, body, $0) }
    do throws(DaybookError) {
      return try Reply(frameBody: bytes)
    } catch {
      throw ClientError(error)
    }
  }
}
