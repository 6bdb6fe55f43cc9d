import DaybookModel
import GRDB

/// What a mailbox's owner has not read of one peer.
struct DirectUnread: ProjectedRow {
  static let layout = TableLayout(
    name: "directs", keys: ["stream", "peer"],
    values: ["unread", "read_seq", "last_seq", "last_message_id"])
  static let recentMax = 32

  let stream: String
  let peer: String
  var unread: UInt64 = 0
  var readSeq = Seq.none
  /// Of the peer's last message.
  var lastSeq = Seq.none
  var lastMessageID = MessageID.none
  var recent = RecentMessages(capacity: recentMax)

  init(stream: String, peer: String) {
    self.stream = stream
    self.peer = peer
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    peer = columns[1].text
    unread = columns[2].number
    readSeq = Seq(columns[3].number)
    lastSeq = Seq(columns[4].number)
    lastMessageID = MessageID(columns[5].number)
    recent = RecentMessages(capacity: DirectUnread.recentMax, completePast: lastSeq)
  }

  var columns: [DatabaseValue] {
    [
      stream.databaseValue, peer.databaseValue, unread.column, readSeq.rawValue.column,
      lastSeq.rawValue.column, lastMessageID.rawValue.column,
    ]
  }
}

/// A group's messages, counted once for all its members.
struct GroupMessages: ProjectedRow {
  static let layout = TableLayout(
    name: "groups", keys: ["stream"], values: ["messages", "last_seq", "last_message_id"])
  static let recentMax = 256

  let stream: String
  var messages: UInt64 = 0
  var lastSeq = Seq.none
  var lastMessageID = MessageID.none
  var recent = RecentMessages(capacity: recentMax)

  init(stream: String) { self.stream = stream }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    messages = columns[1].number
    lastSeq = Seq(columns[2].number)
    lastMessageID = MessageID(columns[3].number)
    recent = RecentMessages(capacity: GroupMessages.recentMax, completePast: lastSeq)
  }

  var columns: [DatabaseValue] {
    [
      stream.databaseValue, messages.column, lastSeq.rawValue.column,
      lastMessageID.rawValue.column,
    ]
  }
}

/// Where a member has read to:
/// unread = the group's messages - `messagesAtRead` - `ownAfter`.
struct GroupReader: ProjectedRow {
  static let layout = TableLayout(
    name: "members", keys: ["stream", "user"],
    values: ["member", "join_seq", "read_seq", "messages_at_read", "own_after"],
    indexed: ["user"])

  let stream: String
  let user: String
  var isMember = false
  /// Of the stay that is or was the last.
  var joinSeq = Seq.none
  var readSeq = Seq.none
  /// The group's messages up to the read position.
  var messagesAtRead: UInt64 = 0
  /// The member's own messages past it.
  var ownAfter: UInt64 = 0

  init(stream: String, user: String) {
    self.stream = stream
    self.user = user
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    user = columns[1].text
    isMember = columns[2].number != 0
    joinSeq = Seq(columns[3].number)
    readSeq = Seq(columns[4].number)
    messagesAtRead = columns[5].number
    ownAfter = columns[6].number
  }

  var columns: [DatabaseValue] {
    [
      stream.databaseValue, user.databaseValue, UInt64(isMember ? 1 : 0).column,
      joinSeq.rawValue.column, readSeq.rawValue.column, messagesAtRead.column, ownAfter.column,
    ]
  }
}
