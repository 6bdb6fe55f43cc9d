import DaybookModel
import GRDB

/// How many events of a stream clients are sent.
struct StreamHead: ProjectedRow {
  static let layout = TableLayout(name: "streams", keys: ["stream"], values: ["head", "dissolved"])

  let stream: String
  var head = Seq.none
  /// Of a group: where it was dissolved, which ended every stay.
  var dissolved = Seq.none

  init(stream: String) { self.stream = stream }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    head = Seq(columns[1].number)
    dissolved = Seq(columns[2].number)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(head.rawValue)
    columns.add(dissolved.rawValue)
  }
}

/// How far a device has acked a stream.
struct DeviceCursor: ProjectedRow {
  static let layout = TableLayout(
    name: "cursors", keys: ["stream", "user", "device"],
    values: ["cursor", "forgotten", "registration"], indexed: [["user"]])

  let stream: String
  let user: String
  let device: String
  var cursor = Seq.none
  /// In a mailbox only.
  var isForgotten = false
  /// Which one the device was to the user's mailbox when it opened this; none where that isn't known.
  var registration = Seq.none

  init(stream: String, user: String, device: String) {
    self.stream = stream
    self.user = user
    self.device = device
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    user = columns[1].text
    device = columns[2].text
    cursor = Seq(columns[3].number)
    isForgotten = columns[4].isSet
    registration = Seq(columns[5].number)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(user)
    columns.add(device)
    columns.add(cursor.rawValue)
    columns.add(isForgotten)
    columns.add(registration.rawValue)
  }
}

/// How far a device has acked a group, as its user's mailbox has it.
struct GroupCursorRow: ProjectedRow {
  static let layout = TableLayout(
    name: "group_cursors", keys: ["stream", "device", "conversation"],
    values: ["cursor", "registration"])

  let stream: String
  let device: String
  let conversation: String
  var cursor = Seq.none
  /// Which one the device was to the mailbox: of another, nothing counts.
  var registration = Seq.none

  init(stream: String, device: String, conversation: String) {
    self.stream = stream
    self.device = device
    self.conversation = conversation
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    device = columns[1].text
    conversation = columns[2].text
    cursor = Seq(columns[3].number)
    registration = Seq(columns[4].number)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(device)
    columns.add(conversation)
    columns.add(cursor.rawValue)
    columns.add(registration.rawValue)
  }
}

/// Whether a user is in a group, and since which seq.
struct Membership: ProjectedRow {
  static let layout = TableLayout(
    name: "memberships", keys: ["stream", "user"], values: ["since"], indexed: [["user"]])

  let stream: String
  let user: String
  /// The seq of the join; none for someone who has left.
  var since = Seq.none

  init(stream: String, user: String) {
    self.stream = stream
    self.user = user
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    user = columns[1].text
    since = Seq(columns[2].number)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(user)
    columns.add(since.rawValue)
  }
}

/// A stay in a group that has ended: what the member saw of it, both ends included.
struct PastStay: ProjectedRow {
  static let layout = TableLayout(
    name: "past_stays", keys: [], values: ["stream", "user", "first", "last"],
    indexed: [["user"]], textValues: ["stream", "user"])

  let stream: String
  let user: String
  let first: Seq
  let last: Seq

  init(stream: String, user: String, first: Seq, last: Seq) {
    self.stream = stream
    self.user = user
    self.first = first
    self.last = last
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    user = columns[1].text
    first = Seq(columns[2].number)
    last = Seq(columns[3].number)
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(user)
    columns.add(first.rawValue)
    columns.add(last.rawValue)
  }
}
