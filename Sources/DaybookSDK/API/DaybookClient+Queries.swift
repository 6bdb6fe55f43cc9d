package import DaybookModel
package import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
package import SwiftProtobuf
package import WireProtocol

/// Questions about conversations: what was said, who has read it, what is unread, and how the user
/// keeps them.
extension DaybookClient {
  /// The newest messages of a conversation, or the newest below a message id, as they read now:
  /// edits and reactions are applied, and of what was recalled or has expired is said that it was.
  public func history(
    of conversation: Conversation, before messageID: UInt64? = nil, limit: Int = 50
  ) async throws(ClientError) -> HistoryMessages {
    let key = try conversation.key()
    let request = Daybook_V1_HistoryRequest.with {
      $0.conversation = key.text
      $0.beforeMessageID = messageID ?? 0
      $0.limit = UInt32(clamping: limit)
    }
    let reply: Daybook_V1_HistoryReply = try await query(.history, request)
    let me = engine.shared.withLockedValue(\.user)
    do throws(DaybookError) {
      return try HistoryMessages(reply, for: me)
    } catch {
      throw ClientError(error)
    }
  }

  /// Who has read a message, and who hasn't, by ids' bytes after `user`, as many as a page holds.
  /// Of a group, members who were in it before the message; of a direct one, its receiver. Throws
  /// `receipts_off` of a group that is too large for it, `message_not_found` among others.
  public func receipts(
    of messageID: UInt64, in conversation: Conversation, after user: String? = nil,
    limit: Int? = nil
  ) async throws(ClientError) -> MessageReceipts {
    let key = try conversation.key()
    let request = Daybook_V1_ReceiptsRequest.with {
      $0.conversation = key.text
      $0.messageID = messageID
      $0.after = user ?? ""
      $0.limit = UInt32(clamping: limit ?? 0)
    }
    let reply: Daybook_V1_ReceiptsReply = try await query(.receipts, request)
    return MessageReceipts(
      receipts: reply.receipts.map { MessageReceipt($0) }, readCount: reply.readCount,
      unreadCount: reply.unreadCount, more: reply.more)
  }

  /// What this user has not read.
  public func unread() async throws(ClientError) -> UnreadCounts {
    var counts = UnreadCounts()
    var after = ""
    while true {
      let request = Daybook_V1_UnreadRequest.with { $0.after = after }
      let reply: Daybook_V1_UnreadReply = try await query(.unread, request)
      for one in reply.conversations {
        guard let conversation = Conversation(one.conversation) else { continue }
        counts.conversations.append(
          ConversationUnread(
            conversation: conversation, unread: one.unread, mentions: one.mentions,
            isQuiet: one.quiet, isMarked: one.marked))
      }
      // Of all conversations, and as the last page's moment has them.
      counts.total = reply.total
      counts.quietTotal = reply.quietTotal
      counts.mentionsTotal = reply.mentionsTotal
      guard reply.more, let last = reply.conversations.last else { break }
      after = last.conversation
    }
    remember(markedUnread: counts.conversations.filter(\.isMarked).map(\.conversation))
    return counts
  }

  /// The conversations that this user has marked in any way, by ascending bytes of their names.
  public func conversations() async throws(ClientError) -> [MarkedConversation] {
    var marked: [MarkedConversation] = []
    var after = ""
    while true {
      let request = Daybook_V1_ConversationsRequest.with { $0.after = after }
      let reply: Daybook_V1_ConversationsReply = try await query(.conversations, request)
      for one in reply.conversations {
        guard let conversation = Conversation(one.conversation) else { continue }
        let marks = ConversationMarks(
          isQuiet: one.quiet, isPinned: one.pinned, isUnread: one.unread)
        marked.append(MarkedConversation(conversation, marks))
      }
      guard reply.more, let last = reply.conversations.last else { break }
      after = last.conversation
    }
    remember(markedUnread: marked.filter(\.isMarkedUnread).map(\.conversation))
    return marked
  }

  private func remember(markedUnread conversations: [Conversation]) {
    let keys = conversations.compactMap { try? $0.key() }
    if !keys.isEmpty { engine.submit(.markedUnread(keys)) }
  }

  package func query<Answer: SwiftProtobuf.Message>(
    _ type: FrameType, _ request: some SwiftProtobuf.Message
  ) async throws(ClientError) -> Answer {
    let body = ByteBuffer(bytes: request.wireBytes())
    let reply = Reply<ByteBuffer>()
    engine.submit(.query(type, body, reply))
    let bytes: ByteBuffer
    do throws(ClientError) {
      bytes = try await reply.answer(
        on: engine.loop, within: engine.configuration.requestDeadline)
    } catch {
      if error.code == .cancelled || error.code == .deadlineExceeded {
        engine.submit(.abandon(reply))
      }
      throw error
    }
    do throws(DaybookError) {
      return try Answer(frameBody: bytes)
    } catch {
      throw ClientError(error)
    }
  }
}

extension HistoryMessages {
  /// Throws `log_corrupt` for what is no event.
  package init(_ reply: Daybook_V1_HistoryReply, for user: UserID?) throws(DaybookError) {
    var amendments: [UInt64: Daybook_V1_Amendments] = [:]
    for one in reply.amendments { amendments[one.messageID] = one }
    messages = []
    for bytes in reply.events {
      let event = try EventDecoding.decode(ByteBuffer(bytes: bytes))
      guard var message = IncomingMessage(event, for: user) else { continue }
      if let amended = amendments[message.id] { try message.apply(amended) }
      messages.append(message)
    }
    more = reply.more
  }
}
