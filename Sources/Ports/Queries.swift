package import DaybookModel
package import NIOCore

/// The read side as gateways, API and CLI see it.
///
/// What was recalled or has expired comes as a `message_tombstone` under the same seq and id,
/// wherever events are answered: that is read from the log, and so holds from the moment on in
/// which the recall is durable.
///
/// Whatever is answered covers what was durable when it was asked, as far as this process knows the
/// log. An empty page says that there is nothing; what can't be said yet is thrown as
/// `projection_behind`, which asks for patience: nothing is lost.
package protocol Queries: AnyObject, Sendable {
  /// Returns when whatever is asked from now on covers the token. Throws `projection_behind` where
  /// that takes too long.
  func waitUntil(covering token: ReadToken) async throws(DaybookError)

  /// The newest `limit` messages below `before`, by ascending message id: at most `bytesMax` bytes of
  /// them, their edits and the reactions to them, but always one message if there is one.
  /// `visible` bounds what the asker may see of a group, or of a mailbox, also of edits and
  /// reactions; nil: all. It held when the stream's head was `through`; nil: nothing later changes it.
  /// `reader` is who asks, for `MessageAmendments.Reaction.isOwn`.
  func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int, bytesMax: Int,
    visible: [SeqInterval]?, through: Seq?, reader: UserID?
  ) async throws(DaybookError) -> HistoryPage

  /// The message with this id in a conversation; nil if there is none. One that was recalled or
  /// has expired is a tombstone.
  func message(_ id: MessageID, in conversation: ConversationKey) async throws(DaybookError)
    -> StreamEvent?

  /// The `message_withheld` with this id in a mailbox; nil if there is none.
  func withheld(_ id: MessageID, from mailbox: UserID) async throws(DaybookError) -> StreamEvent?

  /// Conversations of a user with unread messages, or marked as unread, by ascending bytes of their
  /// names, after `after`; and what all of them come to.
  func unreadPage(of user: UserID, after: StreamKey?, limit: Int) async throws(DaybookError)
    -> UnreadPage

  /// The user's groups and conversations, by ascending bytes of their names, after `after`.
  func overview(of user: UserID, after: StreamKey?, limit: Int) async throws(DaybookError)
    -> [ConversationOverview]

  /// Conversations that the user has marked in any way, by ascending bytes of their names.
  func marks(of user: UserID, after: StreamKey?, limit: Int) async throws(DaybookError)
    -> [MarkedConversation]

  /// Whom the user has blocked, by ascending bytes.
  func blocked(by user: UserID, after: UserID?, limit: Int) async throws(DaybookError) -> [UserID]

  /// Members in order of their ids' bytes, after `after`.
  func members(of group: GroupID, after: UserID?, limit: Int) async throws(DaybookError)
    -> [GroupMember]

  /// Throws `group_not_found`.
  func groupDetails(_ group: GroupID) async throws(DaybookError) -> GroupDetails

  /// Devices of a user that were not forgotten, in order of their ids' bytes.
  func devices(of user: UserID) async throws(DaybookError) -> [DeviceProfile]

  /// When each user's last session began or ended; in the order asked, none where unknown.
  func lastSeen(of users: [UserID]) async throws(DaybookError) -> [Timestamp]

  /// Who has read a message of a group, or of `mailbox` the message with this seq there. Throws
  /// `receipts_off` for a message that states that it has none, and where it states nothing, for a group
  /// of more members than the data folder's setting.
  func receipts(
    of stream: StreamKey, seq: Seq, author: UserID, stated: StatedReceipts, after: UserID?,
    limit: Int
  ) async throws(DaybookError) -> ReceiptPage

  /// Of a message that was withheld from `mailbox`: what its author was told of later ones is all that
  /// the author may know of this one.
  func receipt(
    ofWithheld id: MessageID, by author: UserID, in mailbox: UserID
  ) async throws(DaybookError) -> Receipt

  /// A stream's events with `first <= seq <= last`, ascending, at most `limit` of them and at most
  /// `bytesMax` bytes, but always one if there is one.
  /// Reads the log, not a projection: whatever is durable is there.
  func events(
    of stream: StreamKey, from first: Seq, through last: Seq, limit: Int, bytesMax: Int
  ) async throws(DaybookError) -> [StreamEvent]
}

package struct HistoryPage: Sendable {
  package var messages: [StoredEvent]
  /// There are older ones.
  package var more: Bool
  /// Of those among the messages that were edited or reacted to, by ascending message id.
  package var amendments: [MessageAmendments]

  package init(messages: [StoredEvent], more: Bool, amendments: [MessageAmendments] = []) {
    self.messages = messages
    self.more = more
    self.amendments = amendments
  }
}

/// What became of a message since it was sent.
package struct MessageAmendments: Sendable, Equatable {
  package struct Reaction: Sendable, Equatable {
    package var reaction: String
    /// How many users.
    package var count: UInt64
    /// The asker is one of them.
    package var isOwn: Bool

    package init(reaction: String, count: UInt64, isOwn: Bool) {
      self.reaction = reaction
      self.count = count
      self.isOwn = isOwn
    }
  }

  package var messageID: MessageID
  /// The bytes of the last edit's `Event`.
  package var edit: ByteBuffer?
  package var edits: Int
  /// By ascending bytes.
  package var reactions: [Reaction]

  package init(
    messageID: MessageID, edit: ByteBuffer? = nil, edits: Int = 0, reactions: [Reaction] = []
  ) {
    self.messageID = messageID
    self.edit = edit
    self.edits = edits
    self.reactions = reactions
  }

  /// About, and not less than, what it takes in a reply.
  package var bytes: Int {
    (edit?.readableBytes ?? 0) + 32 + MessageAmendments.bytes(of: reactions)
  }

  package static func bytes(of reactions: [Reaction]) -> Int {
    reactions.reduce(0) { $0 + $1.reaction.utf8.count + 24 }
  }
}

package struct UnreadCount: Sendable, Equatable {
  package var conversation: ConversationKey
  package var unread: UInt64
  /// How many of these mention the user.
  package var mentions: UInt64
  package var isQuiet: Bool
  /// The user has marked it as unread.
  package var isMarked: Bool

  package init(
    conversation: ConversationKey, unread: UInt64, mentions: UInt64 = 0, isQuiet: Bool = false,
    isMarked: Bool = false
  ) {
    self.conversation = conversation
    self.unread = unread
    self.mentions = mentions
    self.isQuiet = isQuiet
    self.isMarked = isMarked
  }
}

package struct UnreadPage: Sendable, Equatable {
  package var conversations: [UnreadCount]
  /// Of all conversations, not of this page: unread messages in those that are not quiet, in those
  /// that are, and how many mention the user.
  package var total: UInt64
  package var quietTotal: UInt64
  package var mentionsTotal: UInt64
  package var more: Bool

  package init(
    conversations: [UnreadCount], total: UInt64, quietTotal: UInt64, mentionsTotal: UInt64,
    more: Bool
  ) {
    self.conversations = conversations
    self.total = total
    self.quietTotal = quietTotal
    self.mentionsTotal = mentionsTotal
    self.more = more
  }
}

/// What a device has to know of a conversation that began before it did.
package struct ConversationOverview: Sendable, Equatable {
  /// As its user names it: `user/<peer>` or `group/<id>`.
  package var conversation: StreamKey
  /// Of a group: the first seq that the user sees of the present stay.
  package var joined: Seq
  /// None where nothing was said that the user may see.
  package var lastMessageID = MessageID.none
  package var lastSeq = Seq.none
  package var lastRecordedAt = Timestamp.none
  package var readSeq = Seq.none
  package var unread: UInt64 = 0
  package var mentions: UInt64 = 0
  package var marks = ConversationMarks.none

  package init(conversation: StreamKey, joined: Seq = .none) {
    self.conversation = conversation
    self.joined = joined
  }
}

package struct MarkedConversation: Sendable, Equatable {
  /// As its user names it: `user/<peer>` or `group/<id>`.
  package var conversation: StreamKey
  package var marks: ConversationMarks

  package init(conversation: StreamKey, marks: ConversationMarks) {
    self.conversation = conversation
    self.marks = marks
  }
}

package struct GroupMember: Sendable, Equatable {
  package var user: UserID
  package var role: Role

  package init(user: UserID, role: Role) {
    self.user = user
    self.role = role
  }
}

package struct GroupProfile: Sendable, Equatable {
  package var group: GroupID
  package var settings: GroupSettings
  package var owner: UserID?
  package var members: UInt64
  package var isDissolved: Bool
  /// Who asks to be let in, in order of their ids' bytes, at most `requestsShownMax`.
  package var requests: [UserID]

  package init(
    group: GroupID, settings: GroupSettings, owner: UserID?, members: UInt64, isDissolved: Bool,
    requests: [UserID]
  ) {
    self.group = group
    self.settings = settings
    self.owner = owner
    self.members = members
    self.isDissolved = isDissolved
    self.requests = requests
  }
}

package struct DeviceProfile: Sendable, Equatable {
  package var device: DeviceID
  /// How far it has acked the mailbox.
  package var cursor: Seq
  /// When its last session began or ended; none if it never had one.
  package var lastSeen: Timestamp
  /// What its last token called it; empty where that said nothing.
  package var deviceClass: String

  package init(
    device: DeviceID, cursor: Seq, lastSeen: Timestamp, deviceClass: String = ""
  ) {
    self.device = device
    self.cursor = cursor
    self.lastSeen = lastSeen
    self.deviceClass = deviceClass
  }
}

package struct ReceiptPage: Sendable, Equatable {
  /// By ascending bytes of the user ids.
  package var receipts: [Receipt]
  package var readCount: UInt64
  package var unreadCount: UInt64
  package var more: Bool

  package init(receipts: [Receipt], readCount: UInt64, unreadCount: UInt64, more: Bool) {
    self.receipts = receipts
    self.readCount = readCount
    self.unreadCount = unreadCount
    self.more = more
  }
}

package struct Receipt: Sendable, Equatable {
  package var user: UserID
  /// None for what has not happened. Of a group only reading is known.
  package var deliveredAt: Timestamp
  package var readAt: Timestamp

  package init(user: UserID, deliveredAt: Timestamp = .none, readAt: Timestamp = .none) {
    self.user = user
    self.deliveredAt = deliveredAt
    self.readAt = readAt
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
