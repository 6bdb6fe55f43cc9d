import DaybookModel
import GRDB

/// A conversation's head: how many messages, and which is the last. The messages themselves are
/// in the log, and a page of them is found through its postings.
struct ConversationHead: ProjectedRow {
  static let layout = TableLayout(
    name: "conversations", keys: ["stream", "peer"],
    values: ["messages", "last_message_id", "last_seq", "last_offset", "last_recorded_at_ms"])

  let stream: String
  /// Empty for a group.
  let peer: String
  var messages: UInt64 = 0
  /// Of the message with the highest id, which is the last that people are shown.
  var lastMessageID = MessageID.none
  var lastSeq = Seq.none
  var lastOffset = Offset.zero
  var lastRecordedAt = Timestamp.none

  init(stream: String, peer: String) {
    self.stream = stream
    self.peer = peer
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    peer = columns[1].text
    messages = columns[2].number
    lastMessageID = MessageID(columns[3].number)
    lastSeq = Seq(columns[4].number)
    lastOffset = Offset(Int64(bitPattern: columns[5].number))
    lastRecordedAt = Timestamp(milliseconds: columns[6].number)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(peer)
    columns.add(messages)
    columns.add(lastMessageID.rawValue)
    columns.add(lastSeq.rawValue)
    columns.add(UInt64(bitPattern: lastOffset.rawValue))
    columns.add(lastRecordedAt.milliseconds)
  }
}

/// A user's reaction to a message. One that was taken back stays as a row that says so.
struct UserReaction: ProjectedRow {
  static let layout = TableLayout(
    name: "reactions", keys: ["stream", "message_id", "user", "reaction"],
    values: ["present", "seq"], hasNumberKey: true)

  let stream: String
  let messageID: MessageID
  let user: String
  let reaction: String
  var isPresent = false
  /// Of the event that made it so.
  var seq = Seq.none

  init(stream: String, messageID: MessageID, user: String, reaction: String) {
    self.stream = stream
    self.messageID = messageID
    self.user = user
    self.reaction = reaction
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    messageID = MessageID(columns[1].number)
    user = columns[2].text
    reaction = columns[3].text
    isPresent = columns[4].isSet
    seq = Seq(columns[5].number)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(messageID.rawValue)
    columns.add(user)
    columns.add(reaction)
    columns.add(isPresent)
    columns.add(seq.rawValue)
  }
}

/// How many users show a reaction to a message, so that nobody has to count them.
struct ReactionCount: ProjectedRow {
  static let layout = TableLayout(
    name: "reaction_counts", keys: ["stream", "message_id", "reaction"], values: ["users"],
    hasNumberKey: true)

  let stream: String
  let messageID: MessageID
  let reaction: String
  var users: UInt64 = 0

  init(stream: String, messageID: MessageID, reaction: String) {
    self.stream = stream
    self.messageID = messageID
    self.reaction = reaction
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    messageID = MessageID(columns[1].number)
    reaction = columns[2].text
    users = columns[3].number
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(messageID.rawValue)
    columns.add(reaction)
    columns.add(users)
  }
}

/// A message that was recalled: whatever reactions it had count no more.
struct RecalledMessage: ProjectedRow {
  static let layout = TableLayout(
    name: "recalls", keys: [], values: ["stream", "message_id", "user", "recalled_at_ms"],
    indexed: [["stream", "message_id"]], textValues: ["stream", "user"])

  let stream: String
  let messageID: MessageID
  let user: String
  let recalledAt: Timestamp

  init(stream: String, messageID: MessageID, user: String, recalledAt: Timestamp) {
    self.stream = stream
    self.messageID = messageID
    self.user = user
    self.recalledAt = recalledAt
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    messageID = MessageID(columns[1].number)
    user = columns[2].text
    recalledAt = Timestamp(milliseconds: columns[3].number)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(messageID.rawValue)
    columns.add(user)
    columns.add(recalledAt.milliseconds)
  }
}
