import DaybookModel
import GRDB
import Ports

/// Questions to the directory projection: groups and their members.
enum DirectoryQuery {
  /// In order of their ids' bytes. Nobody is a member of a dissolved group.
  static func members(
    of group: GroupID, after: UserID?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [GroupMember] {
    try reader.read { database in
      let stream = StreamKey.group(group)
      guard let known = try self.group(database, stream), known.dissolvedSeq == .none else {
        return []
      }
      let owner = try owner(database, known)
      let rows = try database.rows(
        """
        SELECT user, role FROM members WHERE stream = ? AND user > ? AND member = 1
        ORDER BY user LIMIT ?
        """, [stream.text, after?.text ?? "", limit])
      return rows.map { row in
        let user = UserID(checked: row[0])
        return GroupMember(user: user, role: user == owner ? .owner : role(row[1]))
      }
    }
  }

  /// Throws `group_not_found`.
  static func details(
    of group: GroupID, in reader: ProjectionReader
  ) throws(DaybookError) -> GroupDetails {
    try reader.read { database in
      guard let known = try self.group(database, .group(group)) else {
        throw DaybookError(.groupNotFound, "there is no group '\(group)': check the name")
      }
      let isDissolved = known.dissolvedSeq > .none
      let pending = { (column: String) in
        isDissolved ? [] : try self.pending(database, known.stream, column)
      }
      let profile = GroupProfile(
        group: group, settings: known.settings, owner: try owner(database, known),
        members: isDissolved ? 0 : known.members, isDissolved: isDissolved,
        requests: try pending("requested"))
      return GroupDetails(
        profile: profile, creator: UserID(checked: known.creator), createdAt: known.created,
        dissolvedAt: known.dissolved, invited: try pending("invited"))
    }
  }

  private static func pending(
    _ database: Database, _ stream: String, _ column: String
  ) throws -> [UserID] {
    let users = try database.texts(
      "SELECT user FROM pending WHERE stream = ? AND \(column) = 1 ORDER BY user LIMIT ?",
      [stream, Limits.requestsShownMax])
    return users.map { UserID(checked: $0) }
  }

  /// In order of their ids' bytes.
  static func list(
    after: GroupID?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [GroupSummary] {
    let rows = try reader.read { database in
      try database.rows(
        "\(KnownGroup.layout.everything) WHERE stream > ? ORDER BY stream LIMIT ?",
        [after.map { StreamKey.group($0).text } ?? "", limit])
    }
    return rows.compactMap { row in
      let known = KnownGroup(columns: row.databaseValues)
      guard let group = StreamKey(checked: known.stream)?.groupID else { return nil }
      return GroupSummary(
        group: group, title: known.settings.title, joinPolicy: known.settings.joinPolicy,
        members: known.dissolvedSeq > .none ? 0 : known.members, createdAt: known.created,
        dissolvedAt: known.dissolved)
    }
  }

  /// Everyone who is a member, or was, in order of their ids' bytes.
  static func memberships(
    of group: GroupID, after: UserID?, limit: Int, in reader: ProjectionReader
  ) throws(DaybookError) -> [MembershipDetails] {
    try reader.read { database in
      guard let known = try self.group(database, .group(group)) else { return [] }
      let owner = try owner(database, known)
      let rows = try database.rows(
        "\(KnownMember.layout.everything) WHERE stream = ? AND user > ? ORDER BY user LIMIT ?",
        [known.stream, after?.text ?? "", limit])
      return try rows.compactMap { row in
        try membership(database, KnownMember(columns: Array(row.databaseValues)), known, owner)
      }
    }
  }

  static func memberships(_ database: Database, of user: UserID) throws -> [MembershipDetails] {
    let rows = try database.rows(
      "\(KnownMember.layout.everything) WHERE user = ? ORDER BY stream", [user.text])
    return try rows.compactMap { row in
      let member = KnownMember(columns: Array(row.databaseValues))
      guard let stream = StreamKey(checked: member.stream),
        let known = try group(database, stream)
      else { return nil }
      return try membership(database, member, known, try owner(database, known))
    }
  }

  private static func membership(
    _ database: Database, _ member: KnownMember, _ group: KnownGroup, _ owner: UserID?
  ) throws -> MembershipDetails? {
    guard let id = StreamKey(checked: group.stream)?.groupID else { return nil }
    let user = UserID(checked: member.user)
    let ended = try database.rows(
      "\(EndedStay.layout.everything) WHERE user = ? AND stream = ? ORDER BY first_seq",
      [member.user, group.stream])
    var stays = ended.map { row in
      let stay = EndedStay(columns: Array(row.databaseValues))
      return StayDetails(
        seqs: SeqInterval(first: stay.first, last: stay.last), began: stay.began,
        ended: stay.ended)
    }
    let isDissolved = group.dissolvedSeq > .none
    if member.isMember {
      stays.append(
        StayDetails(
          seqs: SeqInterval(first: member.since, last: isDissolved ? group.dissolvedSeq : nil),
          began: member.sinceTime, ended: group.dissolved))
    }
    let isMember = member.isMember && !isDissolved
    return MembershipDetails(
      group: id, user: user, role: isMember ? (user == owner ? .owner : member.role) : nil,
      isSilenced: member.isSilenced, stays: stays)
  }

  private static func group(_ database: Database, _ stream: StreamKey) throws -> KnownGroup? {
    let row = try database.firstRow(
      "\(KnownGroup.layout.everything) WHERE stream = ?", [stream.text])
    return row.map { KnownGroup(columns: Array($0.databaseValues)) }
  }

  /// Where no event says so: who has been there longest.
  private static func owner(_ database: Database, _ group: KnownGroup) throws -> UserID? {
    guard group.members > 0, group.dissolvedSeq == .none else { return nil }
    if !group.owner.isEmpty { return UserID(checked: group.owner) }
    let longest = try database.texts(
      "SELECT user FROM members WHERE stream = ? AND member = 1 ORDER BY since_seq LIMIT 1",
      [group.stream])
    return longest.first.map { UserID(checked: $0) }
  }

  private static func role(_ stored: Int64) -> Role {
    Role(rawValue: UInt8(clamping: stored)) ?? .member
  }

}
