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

  var columns: [DatabaseValue] { [stream.databaseValue, members.column] }
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

  var columns: [DatabaseValue] {
    [
      stream.databaseValue, user.databaseValue, isMember.column, joinSeq.rawValue.column,
      readSeq.rawValue.column,
    ]
  }
}

/// How far a mailbox's owner has read what a peer wrote.
struct DirectPosition: ProjectedRow {
  static let layout = TableLayout(
    name: "directs", keys: ["stream", "peer"], values: ["read_seq"])

  let stream: String
  let peer: String
  var readSeq = Seq.none

  init(stream: String, peer: String) {
    self.stream = stream
    self.peer = peer
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    peer = columns[1].text
    readSeq = Seq(columns[2].number)
  }

  var columns: [DatabaseValue] {
    [stream.databaseValue, peer.databaseValue, readSeq.rawValue.column]
  }
}

/// How far some device of a mailbox's owner has received what others wrote.
struct DeliveredPosition: ProjectedRow {
  static let layout = TableLayout(
    name: "mailboxes", keys: ["stream"], values: ["delivered_seq"])

  let stream: String
  var deliveredSeq = Seq.none

  init(stream: String) { self.stream = stream }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    deliveredSeq = Seq(columns[1].number)
  }

  var columns: [DatabaseValue] { [stream.databaseValue, deliveredSeq.rawValue.column] }
}

/// A read position moved forward: of a member in a group, or in a mailbox towards a peer.
struct ReadMove: ProjectedRow {
  static let layout = TableLayout(
    name: "reads", keys: [], values: ["stream", "user", "up_to_seq", "read_at_ms"],
    indexed: [["stream", "user", "up_to_seq"]], textValues: ["stream", "user"])

  let stream: String
  /// The reader in a group, the peer in a mailbox.
  let user: String
  let upTo: Seq
  let at: Timestamp

  init(stream: String, user: String, upTo: Seq, at: Timestamp) {
    self.stream = stream
    self.user = user
    self.upTo = upTo
    self.at = at
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    user = columns[1].text
    upTo = Seq(columns[2].number)
    at = columns[3].time
  }

  var columns: [DatabaseValue] {
    [stream.databaseValue, user.databaseValue, upTo.rawValue.column, at.milliseconds.column]
  }
}

/// Messages of a mailbox up to a seq reached a first device.
struct Delivery: ProjectedRow {
  static let layout = TableLayout(
    name: "deliveries", keys: [], values: ["stream", "up_to_seq", "delivered_at_ms"],
    indexed: [["stream", "up_to_seq"]], textValues: ["stream"])

  let stream: String
  let upTo: Seq
  let at: Timestamp

  init(stream: String, upTo: Seq, at: Timestamp) {
    self.stream = stream
    self.upTo = upTo
    self.at = at
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    upTo = Seq(columns[1].number)
    at = columns[2].time
  }

  var columns: [DatabaseValue] {
    [stream.databaseValue, upTo.rawValue.column, at.milliseconds.column]
  }
}
