package import DaybookModel
import NIOCore
package import Ports

/// What decisions about one group need to know.
package struct GroupState: Sendable, Equatable {
  package var settings: GroupSettings
  package var head = Seq.none
  package var lastMessage = Seq.none
  /// The last message that has receipts, or may have.
  package var lastReceipted = Seq.none
  /// Everyone who ever was a member, as it was when the group was dissolved.
  private var members: PagedTable<MemberState>
  /// How many are one now, and whose the group is: nil only if nobody is left.
  package private(set) var memberCount = 0
  package private(set) var owner: UserID?
  /// The owner, and who are admins, in the order in which they became that.
  package private(set) var moderators: [UserID] = []
  /// How often somebody has joined: orders those whose stays begin at the same seq.
  private var joins: UInt32 = 0
  package private(set) var waiting: WaitingUsers
  package var amended = AmendedMemory()
  /// Its last event that takes a seq was its end; none while it goes on.
  package private(set) var dissolvedAt = Seq.none

  /// `seed`: of its tables.
  package init(settings: GroupSettings, seed: UInt64) {
    self.settings = settings
    members = PagedTable(seed: seed)
    waiting = WaitingUsers(seed: seed)
  }

  /// About what it takes besides itself, members and `amended` apart.
  var heapBytes: Int {
    settings.title.utf8.count + settings.description.utf8.count + moderators.heapBytes
      + waiting.byteCount
  }
  /// About what its members take: each as most are.
  var memberBytes: Int { members.count * GroupState.memberBytesEach }
  /// A page has some room to grow.
  private static let memberBytesEach =
    (MemoryLayout<UserID>.stride + MemoryLayout<MemberState>.stride + 8) * 4 / 3

  package var isDissolved: Bool { dissolvedAt != .none }

  package struct MemberState: Sendable, Equatable {
    /// The current stay, or the last one.
    private var first: Seq
    /// None while the user is a member.
    private var last: Seq
    /// As the group's own stream tells it: the member's mailbox may know of more.
    package var read: Seq
    /// What most members have none of; one, or nothing.
    private var extras: [Extras] = []
    /// Of who is no member now: the least.
    package var role: Role
    /// By a moderator; it outlasts the membership.
    package var isSilenced = false
    /// Which of the group's joins began the current stay, or the last one.
    package var join: UInt32 = 0

    private struct Extras: Sendable, Equatable {
      var pastStays: [SeqInterval] = []
      var cleared = Seq.none
      var devices: [DeviceCursor] = []
    }

    /// `stays`: at least one.
    package init(stays: [SeqInterval], read: Seq, role: Role) {
      first = stays[stays.count - 1].first
      last = stays[stays.count - 1].last ?? .none
      self.read = read
      self.role = role
      if stays.count > 1 { change { $0.pastStays = stays.dropLast() } }
    }

    private mutating func change(_ change: (inout Extras) -> Void) {
      if extras.isEmpty { extras.append(Extras()) }
      change(&extras[0])
    }

    package var isMember: Bool { last == .none }

    /// The first seq of the current stay, or of the last one.
    package var joined: Seq { first }

    /// One interval a stay; the last is open while the user is a member.
    package var stays: [SeqInterval] {
      (extras.first?.pastStays ?? []) + [currentStay]
    }

    package var currentStay: SeqInterval {
      SeqInterval(first: first, last: last == .none ? nil : last)
    }

    /// Nothing up to it is shown to the member any more.
    package var cleared: Seq {
      get { extras.first?.cleared ?? .none }
      set { change { $0.cleared = newValue } }
    }

    package var devices: [DeviceCursor] {
      get { extras.first?.devices ?? [] }
      set { change { $0.devices = newValue } }
    }

    fileprivate mutating func joined(
      at first: Seq, reading read: Seq, as role: Role, join: UInt32
    ) {
      let past = currentStay
      change { $0.pastStays.append(past) }
      (self.first, last, self.read, self.role, self.join) = (first, .none, read, role, join)
    }

    fileprivate mutating func left(at seq: Seq) { (last, role) = (seq, .member) }

    fileprivate mutating func opened(_ device: DeviceID, at cursor: Seq, registration: Seq) {
      change { $0.devices.open(device, at: cursor, registration: registration) }
    }

    fileprivate mutating func acked(_ device: DeviceID, upTo seq: Seq) {
      change { $0.devices.acked(device, upTo: seq) }
    }

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

    /// A device begins in front of what is unread, at most `back` events back, and not before the
    /// stay. `read` is how far the user's mailbox says that the group was read.
    package func cursor(ofNewDeviceReading read: Seq, head: Seq, back: UInt64) -> Seq {
      let floor = head.rawValue > back ? head.rawValue - back : 0
      let before = first.rawValue - 1
      // Of a join that was told, the join itself is to be seen, which nothing unread is.
      let seen = max(self.read, cleared, read).rawValue
      let unread = seen <= first.rawValue ? before : min(seen, head.rawValue)
      return Seq(max(floor, before, unread))
    }
  }

  package func member(_ user: UserID) -> MemberState? {
    guard var member = members.state(of: user) else { return nil }
    if isDissolved, member.isMember { member.left(at: dissolvedAt) }
    return member
  }

  package func isMember(_ user: UserID) -> Bool {
    !isDissolved && members.state(of: user)?.isMember ?? false
  }

  /// Reads the page that says what a user is here.
  mutating func load(_ user: UserID) { _ = members.find(user) }

  package func forEachMember(_ body: (UserID, MemberState) -> Void) {
    members.forEach { user, member in
      var member = member
      if isDissolved, member.isMember { member.left(at: dissolvedAt) }
      body(user, member)
    }
  }

  /// Whose the group is if its owner leaves: the admin who has been here longest, else the member.
  package func successor(of owner: UserID) -> UserID? {
    var found: (user: UserID, role: Role, join: UInt32)?
    members.forEach { user, member in
      guard member.isMember, user != owner else { return }
      // Stays begin in the order of joins, also those that begin at the same seq.
      if let found {
        guard (member.role, found.join) > (found.role, member.join) else { return }
      }
      found = (user, member.role, member.join)
    }
    return found?.user
  }
}

// MARK: evolve

/// Everything is changed where it lies: a group may have very many members.
extension GroupState {
  /// `first`: what the member sees first; up to `read` nothing of it is unread.
  package mutating func joined(
    _ user: UserID, role: Role, at first: Seq, reading read: Seq
  ) {
    joins += 1
    // Logs from before there were roles say nothing of who a group falls to.
    let role = memberCount == 0 ? .owner : role
    if let place = members.find(user) {
      members[place].joined(at: first, reading: read, as: role, join: joins)
    } else {
      let stay = SeqInterval(first: first, last: nil)
      var member = MemberState(stays: [stay], read: read, role: role)
      member.join = joins
      members.insert(user, member)
    }
    memberCount += 1
    if role == .owner { owner = user }
    if role.isModerator { moderators.append(user) }
    waiting.remove(user)
  }

  package mutating func left(_ user: UserID, successor: UserID?, at seq: Seq) {
    guard let place = members.find(user) else { return }
    members[place].left(at: seq)
    memberCount -= 1
    moderators.removeAll { $0 == user }
    guard owner == user else { return }
    owner = nil
    guard memberCount > 0 else { return }
    // Logs from before there were roles name no successor.
    if let next = successor ?? self.successor(of: user) { changed(next, to: .owner) }
  }

  package mutating func changed(_ user: UserID, to role: Role) {
    if role == .owner {
      if let owner { members.update(owner) { $0.role = .admin } }
      owner = user
    }
    members.update(user) { $0.role = role }
    if !role.isModerator {
      moderators.removeAll { $0 == user }
    } else if !moderators.contains(user) {
      moderators.append(user)
    }
  }

  /// Whom the relay tells who waits at the door: the owner, and so many of the admins.
  package var told: [UserID] {
    let others = moderators.filter { $0 != owner }
    return Array(((owner.map { [$0] } ?? []) + others).prefix(Limits.moderatorsToldMax))
  }

  package mutating func silenced(_ user: UserID, _ isSilenced: Bool) {
    members.update(user) { $0.isSilenced = isSilenced }
  }

  package mutating func hasRead(_ user: UserID, upTo seq: Seq) {
    guard let place = members.find(user), seq > members[place].read else { return }
    members[place].read = seq
  }

  package mutating func cleared(_ user: UserID, upTo seq: Seq) {
    guard let place = members.find(user), seq > members[place].cleared else { return }
    members[place].cleared = seq
  }

  package mutating func opened(
    _ device: DeviceID, of user: UserID, at cursor: Seq, registration: Seq
  ) {
    members.update(user) { $0.opened(device, at: cursor, registration: registration) }
  }

  package mutating func acked(_ device: DeviceID, of user: UserID, upTo seq: Seq) {
    members.update(user) { $0.acked(device, upTo: seq) }
  }

  package mutating func invited(_ user: UserID) { waiting.invited(user) }

  package mutating func requested(_ user: UserID) { waiting.requested(user) }

  package mutating func refused(_ user: UserID) { waiting.remove(user) }

  /// Every stay ends, which is said once and not of each member.
  package mutating func dissolved(at seq: Seq) {
    (memberCount, owner, dissolvedAt, moderators) = (0, nil, seq, [])
    waiting.removeAll()
  }
}

// MARK: snapshots

extension GroupState {
  struct Stored {
    var members: [ByteBuffer] = []
    var memberCount = 0
    var owner: UserID?
    var waiting: [ByteBuffer] = []
    var dissolvedAt = Seq.none
    var moderators: [UserID] = []
    var joins: UInt32 = 0
  }

  var storedJoins: UInt32 { joins }

  var seed: UInt64 { members.seed }

  /// Nil for what can't be of a group.
  mutating func take(_ stored: Stored) -> Bool {
    guard let members = PagedTable<MemberState>(pages: stored.members, seed: members.seed),
      let waiting = WaitingUsers(pages: stored.waiting, seed: members.seed),
      stored.memberCount <= members.count
    else { return false }
    (self.members, self.waiting) = (members, waiting)
    (memberCount, owner, dissolvedAt) = (stored.memberCount, stored.owner, stored.dissolvedAt)
    (moderators, joins) = (stored.moderators, stored.joins)
    return true
  }

  func encodeMembers(_ field: Int, into writer: inout SnapshotWriter) {
    members.encode(field, into: &writer)
  }
}
