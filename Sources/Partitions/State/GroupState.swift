package import DaybookModel
package import Ports

/// What decisions about one group need to know.
package struct GroupState: Sendable, Equatable {
  package var settings: GroupSettings
  package var head = Seq.none
  package var lastMessage = Seq.none
  /// Everyone who ever was a member.
  package private(set) var members: [UserID: MemberState] = [:]
  /// How many are one now, and whose the group is: nil only if nobody is left.
  package private(set) var memberCount = 0
  package private(set) var owner: UserID?
  package var invited: Set<UserID> = []
  /// Who asks to be let in.
  package var requested: Set<UserID> = []
  package var amended: AmendedMessages = [:]
  /// Its last event that takes a seq was its end.
  package var isDissolved = false

  package init(settings: GroupSettings) { self.settings = settings }

  package struct MemberState: Sendable, Equatable {
    /// One interval a stay; the last is open while the user is a member.
    package var stays: [SeqInterval]
    package var read: Seq
    /// Nothing up to it is shown to the member any more.
    package var cleared = Seq.none
    package var devices: [DeviceCursor] = []
    /// Of who is no member now: the least.
    package var role: Role
    /// By a moderator; it outlasts the membership.
    package var isSilenced = false

    package init(stays: [SeqInterval], read: Seq, role: Role) {
      self.stays = stays
      self.read = read
      self.role = role
    }

    @inlinable
    package var isMember: Bool { stays[stays.count - 1].last == nil }

    /// The first seq of the current stay, or of the last one.
    package var joined: Seq { stays[stays.count - 1].first }

    /// The owner is never silenced: nobody could lift that.
    @inlinable
    package func maySpeak(whereAllAreSilenced: Bool) -> Bool {
      switch role {
      case .owner: true
      case .admin: !isSilenced
      case .member: !isSilenced && !whereAllAreSilenced
      }
    }

    package func visible(in settings: borrowing GroupSettings) -> [SeqInterval] {
      guard settings.isHistoryShown else { return stays }
      var visible = stays
      visible[0].first = Seq(1)
      return visible
    }

    /// The first device begins where the stay does; a further one at what is unread, at most
    /// `newDeviceBacklogMax` back.
    package func cursor(ofNewDevice device: DeviceID, head: Seq) -> Seq {
      let joined = Seq(joined.rawValue - 1)
      if !devices.contains(where: { $0.device != device }) { return joined }
      let backlog = Limits.newDeviceBacklogMax
      let floor = head.rawValue > backlog ? head.rawValue - backlog : 0
      let seen = max(read, cleared)
      return Seq(max(floor, joined.rawValue, min(seen.rawValue, head.rawValue)))
    }
  }

  package func isMember(_ user: UserID) -> Bool { members[user]?.isMember ?? false }

  /// Whose the group is if its owner leaves: the admin who has been here longest, else the member.
  package func successor(of owner: UserID) -> UserID? {
    var found: (user: UserID, role: Role, joined: Seq)?
    for (user, member) in members where member.isMember && user != owner {
      if let found {
        guard (member.role, found.joined) > (found.role, member.joined) else { continue }
      }
      found = (user, member.role, member.joined)
    }
    return found?.user
  }
}

// MARK: evolve

/// Everything is changed where it lies: a group may have very many members.
extension GroupState {
  package mutating func joined(_ user: UserID, role: Role, at seq: Seq) {
    // Logs from before there were roles say nothing of who a group falls to.
    let role = memberCount == 0 ? .owner : role
    let stay = SeqInterval(first: seq, last: nil)
    if members[user] == nil {
      members[user] = MemberState(stays: [stay], read: seq, role: role)
    } else {
      members[user]!.stays.append(stay)
      members[user]!.read = seq
      members[user]!.role = role
    }
    memberCount += 1
    if role == .owner { owner = user }
    if !invited.isEmpty { invited.remove(user) }
    if !requested.isEmpty { requested.remove(user) }
  }

  package mutating func left(_ user: UserID, successor: UserID?, at seq: Seq) {
    guard let stays = members[user]?.stays.count else { return }
    members[user]!.stays[stays - 1].last = seq
    members[user]!.role = .member
    memberCount -= 1
    guard owner == user else { return }
    owner = nil
    guard memberCount > 0 else { return }
    // Logs from before there were roles name no successor.
    if let next = successor ?? self.successor(of: user) { changed(next, to: .owner) }
  }

  package mutating func changed(_ user: UserID, to role: Role) {
    if role == .owner {
      if let owner { members[owner]?.role = .admin }
      owner = user
    }
    members[user]?.role = role
  }

  package mutating func silenced(_ user: UserID, _ isSilenced: Bool) {
    members[user]?.isSilenced = isSilenced
  }

  package mutating func hasRead(_ user: UserID, upTo seq: Seq) {
    guard let read = members[user]?.read, seq > read else { return }
    members[user]!.read = seq
  }

  package mutating func cleared(_ user: UserID, upTo seq: Seq) {
    guard let cleared = members[user]?.cleared, seq > cleared else { return }
    members[user]!.cleared = seq
  }

  package mutating func opened(
    _ device: DeviceID, of user: UserID, at cursor: Seq, registration: Seq
  ) {
    members[user]?.devices.open(device, at: cursor, registration: registration)
  }

  package mutating func acked(_ device: DeviceID, of user: UserID, upTo seq: Seq) {
    members[user]?.devices.acked(device, upTo: seq)
  }

  package mutating func dissolved(at seq: Seq) {
    for index in members.values.indices where members.values[index].isMember {
      let stays = members.values[index].stays.count
      members.values[index].stays[stays - 1].last = seq
      members.values[index].role = .member
    }
    (memberCount, owner, isDissolved) = (0, nil, true)
    (invited, requested) = ([], [])
  }

  /// From a snapshot, which holds the members but not what follows from them.
  package mutating func take(_ members: [UserID: MemberState]) {
    self.members = members
    memberCount = members.values.count(where: \.isMember)
    owner = members.first { $0.value.role == .owner }?.key
  }
}
