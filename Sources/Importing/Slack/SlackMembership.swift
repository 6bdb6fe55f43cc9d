import DaybookModel

/// Who is in a group after the commands so far, as the server has it: whose it is, and what each
/// has seen. Places are indices of commands.
struct SlackMembership {
  /// Nil while nobody is in it.
  private(set) var owner: UserID?
  /// Since when.
  private var members: [UserID: Int] = [:]
  /// Members whom not only a reaction brought.
  private var stated: Set<UserID> = []
  private var lefts: [UserID: Int] = [:]
  private var absences: [UserID: [Range<Int>]] = [:]

  var count: Int { members.count }

  func contains(_ user: UserID) -> Bool { members[user] != nil }

  /// Whether commands of this lane know the user as a member. Whom a reaction brought joins again
  /// when speaking: messages have the same numbers whoever reacted.
  func contains(_ user: UserID, for lane: SlackNumbers.Lane) -> Bool {
    lane == .messages ? stated.contains(user) : contains(user)
  }

  func hasAppeared(_ user: UserID) -> Bool { members[user] != nil || lefts[user] != nil }

  mutating func join(_ user: UserID, at place: Int, for lane: SlackNumbers.Lane) {
    if lane == .messages { stated.insert(user) }
    guard members[user] == nil else { return }
    members[user] = place
    if let left = lefts.removeValue(forKey: user) {
      absences[user, default: []].append(left..<place)
    }
    if owner == nil { owner = user }
  }

  /// An owner's place is taken by whoever has been there longest: nobody is made an admin here.
  mutating func leave(_ user: UserID, at place: Int) {
    guard members.removeValue(forKey: user) != nil else { return }
    stated.remove(user)
    lefts[user] = place
    if owner == user { owner = members.min { $0.value < $1.value }?.key }
  }

  /// Members are shown what was said before they first joined, but not what was said between two
  /// stays.
  func sees(_ user: UserID, _ message: Int) -> Bool {
    absences[user]?.contains { $0.contains(message) } != true
  }
}
