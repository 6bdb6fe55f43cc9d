package import DaybookModel
import DaybookSchema

/// A conversation, as this user has marked it.
public struct MarkedConversation: Sendable, Hashable {
  /// Which one.
  public var conversation: Conversation
  /// No notifications, and counted apart.
  public var isQuiet: Bool
  /// Kept on top of the list.
  public var isPinned: Bool
  /// As if something were unread, until something is read.
  public var isMarkedUnread: Bool

  package init(_ conversation: Conversation, _ marks: ConversationMarks) {
    self.conversation = conversation
    isQuiet = marks.isQuiet
    isPinned = marks.isPinned
    isMarkedUnread = marks.isUnread
  }
}

/// What of a conversation this user has not read.
public struct ConversationUnread: Sendable, Hashable {
  /// Which one.
  public var conversation: Conversation
  /// Messages by others after what was read.
  public var unread: UInt64
  /// How many of these mention the user.
  public var mentions: UInt64
  /// No notifications, and counted apart.
  public var isQuiet: Bool
  /// The user has marked it as unread.
  public var isMarked: Bool

  /// From its parts.
  public init(
    conversation: Conversation, unread: UInt64, mentions: UInt64 = 0, isQuiet: Bool = false,
    isMarked: Bool = false
  ) {
    self.conversation = conversation
    self.unread = unread
    self.mentions = mentions
    self.isQuiet = isQuiet
    self.isMarked = isMarked
  }
}

/// What this user has not read, in all.
public struct UnreadCounts: Sendable, Hashable {
  /// By ascending bytes of the conversations' names: those with unread messages, or marked as
  /// unread.
  public var conversations: [ConversationUnread]
  /// Messages in all conversations but the quiet ones.
  public var total: UInt64
  /// Messages in the quiet ones.
  public var quietTotal: UInt64
  /// Of all these messages, those that mention the user.
  public var mentionsTotal: UInt64

  /// From its parts.
  public init(
    conversations: [ConversationUnread] = [], total: UInt64 = 0, quietTotal: UInt64 = 0,
    mentionsTotal: UInt64 = 0
  ) {
    self.conversations = conversations
    self.total = total
    self.quietTotal = quietTotal
    self.mentionsTotal = mentionsTotal
  }

  /// Nothing is unread, and nothing is marked so.
  public var isEmpty: Bool { conversations.isEmpty }

  /// What is unread there; nil where nothing is.
  public subscript(conversation: Conversation) -> ConversationUnread? {
    conversations.first { $0.conversation == conversation }
  }
}

/// A group that this user is in, or a conversation in which something was said.
package struct OverviewEntry: Sendable, Hashable {
  package var conversation: Conversation
  /// Messages by others after what was read, and how many of them mention the user.
  package var unread: UInt64 = 0
  package var mentions: UInt64 = 0
  package var isQuiet = false
  package var isPinned = false
  package var isMarkedUnread = false

  package init(conversation: Conversation) { self.conversation = conversation }
}

/// A page of a conversation's history.
public struct HistoryMessages: Sendable, Hashable {
  /// By ascending message id.
  public var messages: [IncomingMessage]
  /// There are older ones.
  public var more: Bool
}
