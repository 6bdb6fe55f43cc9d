import DaybookModel
import GRDB

/// What a mailbox's owner has not read of one peer.
struct DirectUnread: ProjectedRow {
  static let layout = TableLayout(
    name: "directs", keys: ["stream", "peer"],
    values: ["unread", "mentions", "read_seq", "last_seq", "last_message_id"])
  static let recentMax = 32

  let stream: String
  let peer: String
  var unread: UInt64 = 0
  /// How many of these mention the owner.
  var mentions: UInt64 = 0
  /// What was cleared counts as read.
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
    mentions = columns[3].number
    readSeq = Seq(columns[4].number)
    lastSeq = Seq(columns[5].number)
    lastMessageID = MessageID(columns[6].number)
    recent = RecentMessages(capacity: DirectUnread.recentMax, completePast: lastSeq)
  }

  var columns: [DatabaseValue] {
    [
      stream.databaseValue, peer.databaseValue, unread.column, mentions.column,
      readSeq.rawValue.column, lastSeq.rawValue.column, lastMessageID.rawValue.column,
    ]
  }
}

/// A group's messages, counted once for all its members.
struct GroupMessages: ProjectedRow {
  static let layout = TableLayout(
    name: "groups", keys: ["stream"],
    values: ["messages", "everyone", "dissolved", "last_seq", "last_message_id"])
  static let recentMax = 256

  let stream: String
  var messages: UInt64 = 0
  /// How many of these mention everyone.
  var everyone: UInt64 = 0
  /// Nobody is a member any more, whatever the rows of members say.
  var isDissolved = false
  var lastSeq = Seq.none
  var lastMessageID = MessageID.none
  var recent = RecentMessages(capacity: recentMax)

  init(stream: String) { self.stream = stream }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    messages = columns[1].number
    everyone = columns[2].number
    isDissolved = columns[3].isSet
    lastSeq = Seq(columns[4].number)
    lastMessageID = MessageID(columns[5].number)
    recent = RecentMessages(capacity: GroupMessages.recentMax, completePast: lastSeq)
  }

  var columns: [DatabaseValue] {
    [
      stream.databaseValue, messages.column, everyone.column, isDissolved.column,
      lastSeq.rawValue.column, lastMessageID.rawValue.column,
    ]
  }
}

/// Where a member has read to:
/// unread = the group's messages - `messagesAtRead` - `ownAfter`,
/// mentions = the group's `everyone` - `everyoneAtRead` - `ownEveryoneAfter` + `mentionedAfter`.
struct GroupReader: ProjectedRow {
  static let layout = TableLayout(
    name: "members", keys: ["stream", "user"],
    values: [
      "member", "join_seq", "read_seq", "messages_at_read", "own_after", "everyone_at_read",
      "own_everyone_after", "mentioned_after",
    ],
    indexed: [["user"]])

  let stream: String
  let user: String
  var isMember = false
  /// Of the stay that is or was the last.
  var joinSeq = Seq.none
  /// What was cleared counts as read.
  var readSeq = Seq.none
  /// The group's messages up to the read position.
  var messagesAtRead: UInt64 = 0
  /// The member's own messages past it.
  var ownAfter: UInt64 = 0
  /// The same of messages that mention everyone.
  var everyoneAtRead: UInt64 = 0
  var ownEveryoneAfter: UInt64 = 0
  /// Messages of others past it that mention the member, but not everyone.
  var mentionedAfter: UInt64 = 0

  init(stream: String, user: String) {
    self.stream = stream
    self.user = user
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    user = columns[1].text
    isMember = columns[2].isSet
    joinSeq = Seq(columns[3].number)
    readSeq = Seq(columns[4].number)
    messagesAtRead = columns[5].number
    ownAfter = columns[6].number
    everyoneAtRead = columns[7].number
    ownEveryoneAfter = columns[8].number
    mentionedAfter = columns[9].number
  }

  var columns: [DatabaseValue] {
    [
      stream.databaseValue, user.databaseValue, isMember.column, joinSeq.rawValue.column,
      readSeq.rawValue.column, messagesAtRead.column, ownAfter.column, everyoneAtRead.column,
      ownEveryoneAfter.column, mentionedAfter.column,
    ]
  }

  /// A new stay, in which nothing was read yet.
  mutating func join(at seq: Seq, messages: UInt64, everyone: UInt64) {
    isMember = true
    (joinSeq, readSeq) = (seq, seq)
    (messagesAtRead, everyoneAtRead) = (messages, everyone)
    (ownAfter, ownEveryoneAfter, mentionedAfter) = (0, 0, 0)
  }

  func unread(of group: borrowing GroupMessages) -> UInt64 {
    group.messages &- messagesAtRead &- ownAfter
  }

  func mentions(of group: borrowing GroupMessages) -> UInt64 {
    group.everyone &- everyoneAtRead &- ownEveryoneAfter &+ mentionedAfter
  }

  mutating func read(upTo seq: Seq, _ count: ReadCount, of group: borrowing GroupMessages) {
    readSeq = seq
    switch count {
    case .leaves(let left):
      messagesAtRead = group.messages &- left.all
      ownAfter = left.own
      everyoneAtRead = group.everyone &- left.everyone
      ownEveryoneAfter = left.ownEveryone
      mentionedAfter = left.mentioned
    case .takes(let taken):
      messagesAtRead &+= taken.all
      ownAfter &-= taken.own
      everyoneAtRead &+= taken.everyone
      ownEveryoneAfter &-= taken.ownEveryone
      mentionedAfter &-= taken.mentioned
    }
  }
}

/// How far a mailbox's owner has read a group, as the mailbox has it: the greater of this and of what the
/// group's own stream says counts.
struct GroupReadRow: ProjectedRow {
  static let layout = TableLayout(
    name: "group_reads", keys: ["stream", "conversation"], values: ["read_seq"])

  let stream: String
  let conversation: String
  var readSeq = Seq.none

  init(stream: String, conversation: String) {
    self.stream = stream
    self.conversation = conversation
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    conversation = columns[1].text
    readSeq = Seq(columns[2].number)
  }

  var columns: [DatabaseValue] {
    [stream.databaseValue, conversation.databaseValue, readSeq.rawValue.column]
  }
}

/// How a mailbox's owner has marked a conversation.
struct MarkedRow: ProjectedRow {
  static let layout = TableLayout(
    name: "marks", keys: ["stream", "conversation"], values: ["quiet", "pinned", "unread"])

  let stream: String
  /// As the owner names it: `user/<peer>` or `group/<id>`.
  let conversation: String
  var marks = ConversationMarks.none

  init(stream: String, conversation: String) {
    self.stream = stream
    self.conversation = conversation
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    conversation = columns[1].text
    marks = ConversationMarks(
      isQuiet: columns[2].isSet, isPinned: columns[3].isSet, isUnread: columns[4].isSet)
  }

  var columns: [DatabaseValue] {
    [
      stream.databaseValue, conversation.databaseValue, marks.isQuiet.column,
      marks.isPinned.column, marks.isUnread.column,
    ]
  }
}

/// Whether a mailbox's owner has blocked somebody.
struct BlockedRow: ProjectedRow {
  static let layout = TableLayout(
    name: "blocked", keys: ["stream", "peer"], values: ["blocked"])

  let stream: String
  let peer: String
  var isBlocked = false

  init(stream: String, peer: String) {
    self.stream = stream
    self.peer = peer
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    peer = columns[1].text
    isBlocked = columns[2].isSet
  }

  var columns: [DatabaseValue] {
    [stream.databaseValue, peer.databaseValue, isBlocked.column]
  }
}
