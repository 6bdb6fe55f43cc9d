import DaybookModel
import GRDB

/// A group as it is.
struct KnownGroup: ProjectedRow {
  static let layout = TableLayout(
    name: "groups", keys: ["stream"],
    values: [
      "title", "description", "join_policy", "history_shown", "silenced", "creator", "created_ms",
      "owner", "members", "dissolved_seq", "dissolved_ms", "members_listed",
    ], textValues: ["title", "description", "creator", "owner"])

  let stream: String
  var settings: GroupSettings
  let creator: String
  let created: Timestamp
  /// Empty if nobody is left. Also where no event says who it is: in logs from before there were
  /// roles an owner's leave names no successor, and then it is who has been there longest.
  var owner: String
  /// Both as of the dissolution, which ends every stay, whatever the rows of members say.
  var members: UInt64 = 0
  var dissolvedSeq = Seq.none
  var dissolved = Timestamp.none

  init(stream: String, settings: GroupSettings, creator: String, created: Timestamp) {
    self.stream = stream
    self.settings = settings
    self.creator = creator
    self.created = created
    owner = creator
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    settings = GroupSettings(
      title: columns[1].text, description: columns[2].text,
      joinPolicy: JoinPolicy(rawValue: UInt8(clamping: columns[3].number)) ?? .invitation,
      isHistoryShown: columns[4].isSet, isSilenced: columns[5].isSet,
      membersListed: columns[12].number == 0 ? nil : columns[12].number == 1)
    creator = columns[6].text
    created = columns[7].time
    owner = columns[8].text
    members = columns[9].number
    dissolvedSeq = Seq(columns[10].number)
    dissolved = columns[11].time
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(settings.title)
    columns.add(settings.description)
    columns.add(UInt64(settings.joinPolicy.rawValue))
    columns.add(settings.isHistoryShown)
    columns.add(settings.isSilenced)
    columns.add(creator)
    columns.add(created.milliseconds)
    columns.add(owner)
    columns.add(members)
    columns.add(dissolvedSeq.rawValue)
    columns.add(dissolved.milliseconds)
    columns.add(settings.membersListed.stored)
  }
}

extension Bool? {
  /// 0 where it isn't said, 1 for yes, 2 for no.
  fileprivate var stored: UInt64 { map { $0 ? 1 : 2 } ?? 0 }
}

/// What a user is in a group, or was.
struct KnownMember: ProjectedRow {
  static let layout = TableLayout(
    name: "members", keys: ["stream", "user"],
    values: ["member", "role", "silenced", "since_seq", "since_ms"],
    indexed: [["user"], ["stream", "member", "user"]])

  let stream: String
  let user: String
  var isMember = false
  /// Of who is no member now: the least.
  var role = Role.member
  /// By a moderator; it outlasts the membership.
  var isSilenced = false
  /// Of the stay that is or was the last.
  var since = Seq.none
  var sinceTime = Timestamp.none

  init(stream: String, user: String) {
    self.stream = stream
    self.user = user
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    user = columns[1].text
    isMember = columns[2].isSet
    role = Role(rawValue: UInt8(clamping: columns[3].number)) ?? .member
    isSilenced = columns[4].isSet
    since = Seq(columns[5].number)
    sinceTime = columns[6].time
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(user)
    columns.add(isMember)
    columns.add(UInt64(role.rawValue))
    columns.add(isSilenced)
    columns.add(since.rawValue)
    columns.add(sinceTime.milliseconds)
  }
}

/// Who was invited to a group, or asks to be let in.
struct PendingMember: ProjectedRow {
  static let layout = TableLayout(
    name: "pending", keys: ["stream", "user"], values: ["invited", "requested"],
    indexed: [["stream", "invited", "user"], ["stream", "requested", "user"]])

  let stream: String
  let user: String
  var isInvited = false
  var isRequested = false

  init(stream: String, user: String) {
    self.stream = stream
    self.user = user
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    user = columns[1].text
    isInvited = columns[2].isSet
    isRequested = columns[3].isSet
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(user)
    columns.add(isInvited)
    columns.add(isRequested)
  }
}

/// A stay in a group that a leave has ended.
struct EndedStay: ProjectedRow {
  static let layout = TableLayout(
    name: "past_stays", keys: [],
    values: ["stream", "user", "first_seq", "last_seq", "first_ms", "last_ms"],
    indexed: [["user", "stream"]], textValues: ["stream", "user"])

  let stream: String
  let user: String
  let first: Seq
  let last: Seq
  let began: Timestamp
  let ended: Timestamp

  init(
    stream: String, user: String, first: Seq, last: Seq, began: Timestamp, ended: Timestamp
  ) {
    self.stream = stream
    self.user = user
    self.first = first
    self.last = last
    self.began = began
    self.ended = ended
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    user = columns[1].text
    first = Seq(columns[2].number)
    last = Seq(columns[3].number)
    began = columns[4].time
    ended = columns[5].time
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(user)
    columns.add(first.rawValue)
    columns.add(last.rawValue)
    columns.add(began.milliseconds)
    columns.add(ended.milliseconds)
  }
}
