import DaybookModel
import GRDB

/// How many members a group has: of more than a setting allows, nobody asks.
struct Audience: ProjectedRow {
  static let layout = TableLayout(name: "groups", keys: ["stream"], values: ["members"])

  let stream: String
  /// Of a dissolved group: when it was.
  var members: UInt64 = 0

  init(stream: String) { self.stream = stream }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    members = columns[1].number
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(members)
  }
}

/// How far a member has read a group. Unlike in the unread projection, clearing isn't reading.
struct MemberPosition: ProjectedRow {
  static let layout = TableLayout(
    name: "members", keys: ["stream", "user"], values: ["member", "join_seq", "read_seq"],
    indexed: [["stream", "member", "user"]])

  let stream: String
  let user: String
  var isMember = false
  /// Of the stay that is or was the last.
  var joinSeq = Seq.none
  /// Begins where the stay does.
  var readSeq = Seq.none

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
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(user)
    columns.add(isMember)
    columns.add(joinSeq.rawValue)
    columns.add(readSeq.rawValue)
  }
}

/// How far a mailbox's owner has received and read what a peer wrote, as far as the peer was told.
struct DirectPosition: ProjectedRow {
  static let layout = TableLayout(
    name: "directs", keys: ["stream", "peer"], values: ["read_seq", "delivered_seq"])

  let stream: String
  let peer: String
  var readSeq = Seq.none
  var deliveredSeq = Seq.none

  init(stream: String, peer: String) {
    self.stream = stream
    self.peer = peer
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    peer = columns[1].text
    readSeq = Seq(columns[2].number)
    deliveredSeq = Seq(columns[3].number)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(peer)
    columns.add(readSeq.rawValue)
    columns.add(deliveredSeq.rawValue)
  }
}

/// A read position moved forward: of a member in a group, or in a mailbox towards a peer.
struct ReadMove: ProjectedRow {
  static let layout = TableLayout(
    name: "reads", keys: [],
    values: ["stream", "user", "up_to_seq", "read_at_ms", "up_to_message_id"],
    indexed: [["stream", "user", "up_to_seq"]], textValues: ["stream", "user"])

  let stream: String
  /// The reader in a group, the peer in a mailbox.
  let user: String
  let upTo: Seq
  let at: Timestamp
  /// What the peer was told; none in a group, and of older servers' reads.
  let message: MessageID

  init(stream: String, user: String, upTo: Seq, at: Timestamp, message: MessageID = .none) {
    self.stream = stream
    self.user = user
    self.upTo = upTo
    self.at = at
    self.message = message
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    user = columns[1].text
    upTo = Seq(columns[2].number)
    at = columns[3].time
    message = MessageID(columns[4].number)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(user)
    columns.add(upTo.rawValue)
    columns.add(at.milliseconds)
    columns.add(message.rawValue)
  }
}

/// Messages of a sender in a mailbox up to a seq reached a first device, and the sender was told.
struct Delivery: ProjectedRow {
  static let layout = TableLayout(
    name: "deliveries", keys: [],
    values: [
      "stream", "sender", "up_to_seq", "delivered_at_ms", "up_to_message_id", "after_seq",
      "after_message_id",
    ],
    indexed: [["stream", "sender", "up_to_seq"]], textValues: ["stream", "sender"])

  let stream: String
  let sender: String
  let upTo: Seq
  let at: Timestamp
  /// What the sender was told; none of older servers' acks.
  let message: MessageID
  /// Where the device began: nothing up to there reached it by this.
  let after: Seq
  let afterMessage: MessageID

  init(stream: String, sender: DeliveredSender, after: Seq, upTo: Seq, at: Timestamp) {
    self.stream = stream
    self.sender = sender.user.text
    self.upTo = upTo
    self.at = at
    message = sender.lastMessage
    self.after = after
    afterMessage = sender.after
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    sender = columns[1].text
    upTo = Seq(columns[2].number)
    at = columns[3].time
    message = MessageID(columns[4].number)
    after = Seq(columns[5].number)
    afterMessage = MessageID(columns[6].number)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(sender)
    columns.add(upTo.rawValue)
    columns.add(at.milliseconds)
    columns.add(message.rawValue)
    columns.add(after.rawValue)
    columns.add(afterMessage.rawValue)
  }
}
