package import DaybookModel
import DaybookSchema

/// What holds of groups now: their settings and members, as rows that the log's events change. A row is a
/// record of a compacted topic (`schemas/kafka.md`), and goes there in the transaction of the events that
/// it follows from; so the topic is also where a mirror that starts anew has its rows from.
///
/// A row a member, not a list of all: in a large group a list would be written as often as somebody joins.
package struct GroupTable {
  /// The topic's next record of this key.
  package struct Change: Sendable, Equatable {
    package var key: [UInt8]
    /// Nil: the row is gone.
    package var value: [UInt8]?
  }

  private let filter: EventFilter
  private var groups: [GroupID: GroupMembers] = [:]

  /// Only of streams that the filter takes.
  package init(filter: EventFilter = .all) { self.filter = filter }

  private static func concerns(_ kind: EventKind) -> Bool {
    switch kind {
    case .groupCreated, .groupChanged, .groupDissolved, .memberJoined, .memberLeft, .roleChanged,
      .memberSilenced:
      true
    default: false
    }
  }

  /// Takes an event of the log in, and tells what changes. Events that are in the rows already change
  /// nothing. Throws `log_corrupt`.
  package mutating func fold(
    _ event: UnsafeRawBufferPointer, at offset: Offset, _ changed: (Change) -> Void
  ) throws(DaybookError) {
    let head = try EventHead(event)
    guard let kind = head.kind, GroupTable.concerns(kind), filter.takes(stream: head.stream) else {
      return
    }
    let event = try EventDecoding.decode(event, content: .skipped)
    guard let id = event.stream.groupID else { return }
    var group = groups.removeValue(forKey: id) ?? GroupMembers(last: Offset(-1))
    guard offset > group.last else { return groups[id] = group }
    group.last = offset
    var touched: Set<UserID> = []
    var hasNewSettings = false
    switch event.body {
    case .groupCreated(let settings):
      (group.settings, hasNewSettings) = (settings, true)
      if let user = event.actor.user { group.joined(user, .owner, event, offset, &touched) }
    case .groupChanged(let settings): (group.settings, hasNewSettings) = (settings, true)
    case .memberJoined(let user, let role, _): group.joined(user, role, event, offset, &touched)
    case .memberLeft(let user, let successor, _): group.left(user, successor, &touched)
    case .roleChanged(let user, let role): group.changed(user, to: role, &touched)
    case .memberSilenced(let user, let isSilenced):
      group.silenced(user, isSilenced, &touched)
    case .groupDissolved:
      for user in group.members.keys.sorted() { changed(GroupRow.gone(user, of: id)) }
      changed(GroupRow.gone(id))
      return
    default: return groups[id] = group
    }
    if hasNewSettings, let settings = group.settings {
      changed(GroupRow.change(settings, of: id, at: offset))
    }
    for user in touched.sorted() {
      let member = group.members[user] ?? GroupMember()
      if member.saysNothing { group.set(nil, of: user) }
      changed(
        member.saysNothing
          ? GroupRow.gone(user, of: id) : GroupRow.change(member, user, of: id, at: offset))
    }
    groups[id] = group
  }

  /// Takes a record of the topic in, in the order in which they stand there, before anything is folded.
  /// Throws `format_version` for what a later version may have written.
  package mutating func restore(key: [UInt8], value: [UInt8]?) throws(DaybookError) {
    switch try GroupRow(key: key, value: value) {
    case .goneGroup(let id):
      groups[id]?.settings = nil
      forgetIfEmpty(id)
    case .goneMember(let user, let id):
      groups[id]?.set(nil, of: user)
      forgetIfEmpty(id)
    case .group(let settings, let id, let offset):
      var group = groups.removeValue(forKey: id) ?? GroupMembers(last: offset)
      group.settings = settings
      group.last = max(group.last, offset)
      groups[id] = group
    case .member(let member, let user, let id, let offset):
      var group = groups.removeValue(forKey: id) ?? GroupMembers(last: offset)
      group.set(member, of: user)
      group.last = max(group.last, offset)
      groups[id] = group
    }
  }

  private mutating func forgetIfEmpty(_ id: GroupID) {
    if let group = groups[id], group.settings == nil, group.members.isEmpty { groups[id] = nil }
  }

  /// All rows that there are, by key.
  package var rows: [Change] {
    groups.flatMap { id, group in
      (group.settings.map { [GroupRow.change($0, of: id, at: group.last)] } ?? [])
        + group.members.map { GroupRow.change($1, $0, of: id, at: group.last) }
    }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
  }
}
