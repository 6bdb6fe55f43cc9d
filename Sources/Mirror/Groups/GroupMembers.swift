import DaybookModel

/// A group as its rows have it.
struct GroupMembers {
  /// Nil where the mirror began behind what says them.
  var settings: GroupSettings?
  private(set) var members: [UserID: GroupMember] = [:]
  private var owner: UserID?
  /// How many are one now.
  private var memberCount = 0
  /// Of the last event that is in its rows.
  var last: Offset

  init(last: Offset) { self.last = last }
}

/// What a user is in a group.
struct GroupMember: Equatable {
  /// Nil for who is no member, and is silenced all the same.
  var role: Role?
  var isSilenced = false
  /// Of the present stay: the event that began it, and when that was recorded.
  var joined: Offset?
  var joinedAt = Timestamp.none

  var saysNothing: Bool { role == nil && !isSilenced }
}

// MARK: evolve

extension GroupMembers {
  mutating func joined(
    _ user: UserID, _ role: Role, _ event: Event, _ offset: Offset, _ touched: inout Set<UserID>
  ) {
    var member = members[user] ?? GroupMember()
    if member.role == nil { memberCount += 1 }
    // Logs from before there were roles say nothing of who a group falls to.
    member.role = memberCount == 1 ? .owner : role
    (member.joined, member.joinedAt) = (offset, event.recordedAt)
    if member.role == .owner { owner = user }
    members[user] = member
    touched.insert(user)
  }

  mutating func left(
    _ user: UserID, _ successor: UserID?, _ touched: inout Set<UserID>
  ) {
    guard members[user]?.role != nil else { return }
    let wasOwner = owner == user
    set(GroupMember(role: nil, isSilenced: members[user]?.isSilenced ?? false), of: user)
    touched.insert(user)
    // Logs from before there were roles name no successor.
    guard wasOwner, let next = successor ?? longestStanding else { return }
    changed(next, to: .owner, &touched)
  }

  mutating func silenced(_ user: UserID, _ isSilenced: Bool, _ touched: inout Set<UserID>) {
    members[user, default: GroupMember()].isSilenced = isSilenced
    touched.insert(user)
  }

  /// The admin, or else the member, who has been here longest.
  private var longestStanding: UserID? {
    members.filter { $0.value.role != nil }.min { a, b in
      let (first, second) = (a.value, b.value)
      if first.role != second.role { return second.role.map { first.role! > $0 } ?? true }
      return first.joined ?? .zero < second.joined ?? .zero
    }?.key
  }

  mutating func changed(
    _ user: UserID, to role: Role, _ touched: inout Set<UserID>
  ) {
    if role == .owner, let owner, owner != user {
      members[owner]?.role = .admin
      touched.insert(owner)
    }
    guard members[user]?.role != nil else { return }
    if role == .owner { owner = user }
    members[user]?.role = role
    touched.insert(user)
  }

  mutating func set(_ member: GroupMember?, of user: UserID) {
    if members[user]?.role != nil { memberCount -= 1 }
    if owner == user { owner = nil }
    members[user] = member
    if member?.role != nil { memberCount += 1 }
    if member?.role == .owner { owner = user }
  }
}
