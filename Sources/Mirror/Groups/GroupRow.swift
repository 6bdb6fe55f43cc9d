import DaybookModel

/// Rows of the groups' topic as records: keys `group/<id>` and `group/<id>/<user>`, for ids have no `/`;
/// values are JSON objects.
enum GroupRow {
  case group(GroupSettings, GroupID, at: Offset)
  case member(GroupMember, UserID, GroupID, at: Offset)
  case goneGroup(GroupID)
  case goneMember(UserID, GroupID)

  private static let version = 1

  // MARK: writing

  static func gone(_ group: GroupID) -> GroupTable.Change {
    GroupTable.Change(key: key(group), value: nil)
  }

  static func gone(_ user: UserID, of group: GroupID) -> GroupTable.Change {
    GroupTable.Change(key: key(group, user), value: nil)
  }

  static func change(
    _ settings: GroupSettings, of group: GroupID, at offset: Offset
  ) -> GroupTable.Change {
    let members = [
      ("group", JSONValue.quoted(group.text)), ("title", JSONValue.quoted(settings.title)),
      ("description", JSONValue.quoted(settings.description)),
      ("join_policy", JSONValue.quoted(settings.joinPolicy.name)),
      ("history_shown", "\(settings.isHistoryShown)"), ("silenced", "\(settings.isSilenced)"),
      ("members_listed", "\(settings.areMembersListed)"), ("offset", "\(offset)"),
    ]
    return GroupTable.Change(key: key(group), value: object(members))
  }

  static func change(
    _ member: GroupMember, _ user: UserID, of group: GroupID, at offset: Offset
  ) -> GroupTable.Change {
    let isMember = member.role != nil
    let members = [
      ("group", JSONValue.quoted(group.text)), ("user", JSONValue.quoted(user.text)),
      ("role", member.role.map { JSONValue.quoted($0.name) } ?? "null"),
      ("silenced", "\(member.isSilenced)"),
      ("joined_at", isMember ? JSONValue.quoted(member.joinedAt.rfc3339) : "null"),
      ("joined_at_ms", isMember ? "\(member.joinedAt.milliseconds)" : "null"),
      ("joined_offset", member.joined.map { "\($0)" } ?? "null"), ("offset", "\(offset)"),
    ]
    return GroupTable.Change(key: key(group, user), value: object(members))
  }

  private static func key(_ group: GroupID, _ user: UserID? = nil) -> [UInt8] {
    Array("group/\(group.text)".utf8) + (user.map { Array("/\($0.text)".utf8) } ?? [])
  }

  private static func object(_ members: [(name: String, value: String)]) -> [UInt8] {
    let all = [("v", "\(version)")] + members
    return Array("{\(all.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ","))}".utf8)
  }

  // MARK: reading

  /// Throws `format_version`.
  init(key: [UInt8], value: [UInt8]?) throws(DaybookError) {
    let parts = key.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    let unknown = DaybookError(
      .formatVersion,
      "the record \(PrintableText.quoted(String(decoding: key, as: UTF8.self))) of the groups' topic is "
        + "none that this version knows: take a newer one, or mirror into another topic")
    guard parts.first == "group", parts.count == 2 || parts.count == 3 else { throw unknown }
    let group = GroupID(checked: parts[1])
    let user = parts.count == 3 ? UserID(checked: parts[2]) : nil
    guard let value else {
      self = user.map { .goneMember($0, group) } ?? .goneGroup(group)
      return
    }
    guard let json = try? JSONReader.read(value), json["v"] == .number("\(GroupRow.version)"),
      let offset = GroupRow.number(json["offset"]).map(Offset.init),
      let row = user.map({ GroupRow.member(json, $0, group, offset) })
        ?? GroupRow.settings(json, group, offset)
    else { throw unknown }
    self = row
  }

  private static func settings(
    _ json: JSONValue, _ group: GroupID, _ offset: Offset
  ) -> GroupRow? {
    guard case .string(let title)? = json["title"],
      case .string(let description)? = json["description"],
      case .string(let name)? = json["join_policy"],
      let policy = JoinPolicy.allCases.first(where: { $0.name == name }),
      case .bool(let isHistoryShown)? = json["history_shown"],
      case .bool(let isSilenced)? = json["silenced"],
      case .bool(let areListed)? = json["members_listed"]
    else { return nil }
    return .group(
      GroupSettings(
        title: title, description: description, joinPolicy: policy,
        isHistoryShown: isHistoryShown, isSilenced: isSilenced, membersListed: areListed),
      group, at: offset)
  }

  private static func member(
    _ json: JSONValue, _ user: UserID, _ group: GroupID, _ offset: Offset
  ) -> GroupRow? {
    guard case .bool(let isSilenced)? = json["silenced"] else { return nil }
    var member = GroupMember(isSilenced: isSilenced)
    if case .string(let name)? = json["role"] {
      guard let role = Role.allCases.first(where: { $0.name == name }),
        let joinedAt = number(json["joined_at_ms"])
      else { return nil }
      member.role = role
      member.joined = number(json["joined_offset"]).map(Offset.init)
      member.joinedAt = Timestamp(milliseconds: UInt64(max(0, joinedAt)))
    }
    return .member(member, user, group, at: offset)
  }

  private static func number(_ value: JSONValue?) -> Int64? {
    guard case .number(let digits)? = value else { return nil }
    return Int64(digits)
  }
}
