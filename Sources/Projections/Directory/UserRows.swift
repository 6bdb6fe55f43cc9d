import DaybookModel
import GRDB

/// A user whose mailbox has an event.
struct KnownUser: ProjectedRow {
  static let layout = TableLayout(
    name: "users", keys: ["stream"],
    values: ["first_seen_ms", "session_opened_ms", "session_closed_ms"])

  let stream: String
  var firstSeen = Timestamp.none
  /// Of the last session that was opened, and of the last that was closed.
  var sessionOpened = Timestamp.none
  var sessionClosed = Timestamp.none

  init(stream: String, firstSeen: Timestamp) {
    self.stream = stream
    self.firstSeen = firstSeen
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    firstSeen = columns[1].time
    sessionOpened = columns[2].time
    sessionClosed = columns[3].time
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(firstSeen.milliseconds)
    columns.add(sessionOpened.milliseconds)
    columns.add(sessionClosed.milliseconds)
  }
}

/// A device that has followed its user's mailbox.
struct KnownDevice: ProjectedRow {
  static let layout = TableLayout(
    name: "devices", keys: ["stream", "device"],
    values: [
      "added_ms", "session_opened_ms", "session_closed_ms", "sessions", "open", "forgotten",
      "session", "client", "class",
    ], textValues: ["session", "client", "class"])

  let stream: String
  let device: String
  /// When it opened its cursor; for one that was forgotten and came again, the last time.
  var added = Timestamp.none
  var sessionOpened = Timestamp.none
  var sessionClosed = Timestamp.none
  var sessions: UInt64 = 0
  /// Whether the session that was opened last is.
  var isOpen = false
  var isForgotten = false
  var session = ""
  /// What the session's client called itself.
  var client = ""
  /// What its token called it; empty where that says nothing.
  var deviceClass = ""

  init(stream: String, device: String) {
    self.stream = stream
    self.device = device
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    device = columns[1].text
    added = columns[2].time
    sessionOpened = columns[3].time
    sessionClosed = columns[4].time
    sessions = columns[5].number
    isOpen = columns[6].isSet
    isForgotten = columns[7].isSet
    session = columns[8].text
    client = columns[9].text
    deviceClass = columns[10].text
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(device)
    columns.add(added.milliseconds)
    columns.add(sessionOpened.milliseconds)
    columns.add(sessionClosed.milliseconds)
    columns.add(sessions)
    columns.add(isOpen)
    columns.add(isForgotten)
    columns.add(session)
    columns.add(client)
    columns.add(deviceClass)
  }
}
