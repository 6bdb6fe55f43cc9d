import DaybookModel
import NIOCore

/// The read side as gateways, API and CLI see it.
package protocol Queries: AnyObject, Sendable {
  /// The newest `limit` messages below `before`, by ascending message id.
  /// `visible` bounds what the asker may see of a group; nil: all.
  func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int, visible: [SeqInterval]?
  ) async throws -> HistoryPage

  /// Conversations of a user with unread messages.
  func unread(of user: UserID) async throws -> [UnreadCount]

  /// Members in order of their ids' bytes, after `after`.
  func members(of group: GroupID, after: UserID?, limit: Int) async throws -> [UserID]

  /// A stream's events with `first <= seq <= last`, ascending, at most `limit` of them and at most
  /// `bytesMax` bytes, but always one if there is one.
  /// Reads the log, not a projection: whatever is durable is there.
  func events(
    of stream: StreamKey, from first: Seq, through last: Seq, limit: Int, bytesMax: Int
  ) async throws -> [StreamEvent]
}

package struct HistoryPage: Sendable {
  package var messages: [StoredEvent]
  /// There are older ones.
  package var more: Bool

  package init(messages: [StoredEvent], more: Bool) {
    self.messages = messages
    self.more = more
  }
}

package struct UnreadCount: Sendable, Equatable {
  package var conversation: ConversationKey
  package var unread: UInt64

  package init(conversation: ConversationKey, unread: UInt64) {
    self.conversation = conversation
    self.unread = unread
  }
}

package struct StreamEvent: Sendable {
  package var seq: Seq
  package var messageID: MessageID
  package var bytes: ByteBuffer

  package init(seq: Seq, messageID: MessageID, bytes: ByteBuffer) {
    self.seq = seq
    self.messageID = messageID
    self.bytes = bytes
  }
}
