import DaybookModel

/// What is done with groups.
struct Room {
  var settings: GroupSettings
  var roles: [UserID: Role] = [:]
  /// In the order of joining.
  var members: [UserID] = []
  var silenced: Set<UserID> = []
  var invited: Set<UserID> = []
  var requested: Set<UserID> = []
  var isDissolved = false

  func isMember(_ user: UserID) -> Bool { !isDissolved && roles[user] != nil }

  func maySpeak(_ user: UserID) -> Bool {
    guard isMember(user), let role = roles[user] else { return false }
    return !silenced.contains(user) && (!settings.isSilenced || role.isModerator)
  }

  func successor(of user: UserID) -> UserID? {
    let others = members.filter { $0 != user }
    return others.first { roles[$0] == .admin } ?? others.first
  }
}

extension Scenario {
  mutating func enterOrLeave(_ user: UserID) -> [Event] {
    let group = any(of: groups)
    let isIn = rooms[group]?.isMember(user) ?? false
    if isIn { return oneIn(3) ? leave(group, user, by: user) : [] }
    return enter(group, user)
  }

  mutating func enter(_ group: GroupID, _ user: UserID) -> [Event] {
    guard let room = rooms[group] else { return create(group, by: user) }
    guard !room.isDissolved else { return [] }
    let isFree = room.settings.joinPolicy == .open || room.invited.contains(user)
    if isFree { return join(group, user, by: user) }
    guard room.settings.joinPolicy == .approval, !room.requested.contains(user) else { return [] }
    rooms[group]!.requested.insert(user)
    return [event(.group(group), .joinRequested(user), by: user)]
  }

  private mutating func create(_ group: GroupID, by user: UserID) -> [Event] {
    let settings = GroupSettings(
      title: "t", joinPolicy: any(of: [.open, .open, .approval, .invitation]),
      isHistoryShown: Bool.random(using: &random))
    rooms[group] = Room(settings: settings, roles: [user: .owner], members: [user])
    let created = event(.group(group), .groupCreated(settings), by: user)
    return [created, relay(.user(user), .groupJoined(group, at: created.seq))]
  }

  private mutating func join(_ group: GroupID, _ user: UserID, by actor: UserID) -> [Event] {
    let role: Role = rooms[group]!.members.isEmpty ? .owner : .member
    rooms[group]!.roles[user] = role
    rooms[group]!.members.append(user)
    rooms[group]!.invited.remove(user)
    rooms[group]!.requested.remove(user)
    let joined = event(.group(group), .memberJoined(user, role: role), by: actor)
    return [joined, relay(.user(user), .groupJoined(group, at: joined.seq))]
  }

  private mutating func leave(_ group: GroupID, _ user: UserID, by actor: UserID) -> [Event] {
    let isOwner = rooms[group]!.roles[user] == .owner
    let successor = isOwner ? rooms[group]!.successor(of: user) : nil
    rooms[group]!.roles[user] = nil
    rooms[group]!.members.removeAll { $0 == user }
    if let successor { rooms[group]!.roles[successor] = .owner }
    let left = event(.group(group), .memberLeft(user, successor: successor), by: actor)
    return [left, relay(.user(user), .groupLeft(group, at: left.seq))]
  }

  /// What moderators do.
  mutating func govern(_ actor: UserID) -> [Event] {
    let group = any(of: groups)
    let user = any(of: users)
    guard let room = rooms[group], room.isMember(actor), let role = room.roles[actor],
      role.isModerator
    else { return [] }
    if user == actor { return changeGroup(group, by: actor) }
    let isPending = room.invited.contains(user) || room.requested.contains(user)
    guard let other = room.roles[user] else {
      return isPending ? settle(group, user, by: actor) : invite(group, user, by: actor)
    }
    if role == .owner, oneIn(2) { return changeRole(group, user, other, by: actor) }
    guard other < role else { return [] }
    if oneIn(3) { return leave(group, user, by: actor) }
    let isSilenced = !room.silenced.contains(user)
    if isSilenced {
      rooms[group]!.silenced.insert(user)
    } else {
      rooms[group]!.silenced.remove(user)
    }
    return [event(.group(group), .memberSilenced(user, isSilenced), by: actor)]
  }

  private mutating func changeGroup(_ group: GroupID, by actor: UserID) -> [Event] {
    let isOwner = rooms[group]!.roles[actor] == .owner
    if isOwner, oneIn(4) {
      rooms[group]!.isDissolved = true
      return [event(.group(group), .groupDissolved, by: actor)]
    }
    let settings = GroupSettings(
      title: "t\(now)", description: "d", joinPolicy: any(of: JoinPolicy.allCases),
      isHistoryShown: Bool.random(using: &random), isSilenced: oneIn(4))
    rooms[group]!.settings = settings
    return [event(.group(group), .groupChanged(settings), by: actor)]
  }

  private mutating func settle(_ group: GroupID, _ user: UserID, by actor: UserID) -> [Event] {
    if rooms[group]!.requested.contains(user), oneIn(2) { return join(group, user, by: actor) }
    rooms[group]!.invited.remove(user)
    rooms[group]!.requested.remove(user)
    let refused = event(.group(group), .joinRefused(user), by: actor)
    return [refused, relay(.user(user), .groupRefused(group, at: refused.seq))]
  }

  private mutating func invite(_ group: GroupID, _ user: UserID, by actor: UserID) -> [Event] {
    rooms[group]!.invited.insert(user)
    let invited = event(.group(group), .memberInvited(user), by: actor)
    return [invited, relay(.user(user), .groupInvited(group, at: invited.seq))]
  }

  private mutating func changeRole(
    _ group: GroupID, _ user: UserID, _ present: Role, by owner: UserID
  ) -> [Event] {
    let role = any(of: Role.allCases)
    guard role != present else { return [] }
    if role == .owner { rooms[group]!.roles[owner] = .admin }
    rooms[group]!.roles[user] = role
    return [event(.group(group), .roleChanged(user, role), by: owner)]
  }

  mutating func readGroup(_ user: UserID) -> [Event] {
    let group = any(of: groups)
    guard rooms[group]?.isMember(user) == true else { return [] }
    let upTo = someSeq(.group(group))
    // Newer servers tell the group only of what has receipts.
    if oneIn(2) { return [event(.user(user), .groupRead(group, upTo: upTo), by: user)] }
    return [
      event(.group(group), .read(peer: nil, upTo: upTo), by: user),
      relay(.user(user), .groupRead(group, upTo: upTo)),
    ]
  }
}
