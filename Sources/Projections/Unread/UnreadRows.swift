import DaybookModel
import GRDB

/// What a mailbox's owner has not read of one peer.
struct DirectUnread: ProjectedRow {
  static let layout = TableLayout(
    name: "directs", keys: ["stream", "peer"],
    values: ["unread", "mentions", "read_seq", "last_seq", "last_message_id"])

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
  var recent = RecentDirects()

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
    recent = RecentDirects(completePast: lastSeq)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(peer)
    columns.add(unread)
    columns.add(mentions)
    columns.add(readSeq.rawValue)
    columns.add(lastSeq.rawValue)
    columns.add(lastMessageID.rawValue)
  }
}

/// A group's messages, counted once for all its members.
struct GroupMessages: ProjectedRow {
  static let layout = TableLayout(
    name: "groups", keys: ["stream"],
    values: ["messages", "everyone", "dissolved", "last_seq", "last_message_id"])
  private static let recentMax = 256

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

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(messages)
    columns.add(everyone)
    columns.add(isDissolved)
    columns.add(lastSeq.rawValue)
    columns.add(lastMessageID.rawValue)
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

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(user)
    columns.add(isMember)
    columns.add(joinSeq.rawValue)
    columns.add(readSeq.rawValue)
    columns.add(messagesAtRead)
    columns.add(ownAfter)
    columns.add(everyoneAtRead)
    columns.add(ownEveryoneAfter)
    columns.add(mentionedAfter)
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

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(conversation)
    columns.add(readSeq.rawValue)
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

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(conversation)
    columns.add(marks.isQuiet)
    columns.add(marks.isPinned)
    columns.add(marks.isUnread)
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

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(peer)
    columns.add(isBlocked)
  }
}
