import DaybookModel

/// Who is in a group after the commands so far, as the server has it: whose it is, and what each
/// has seen. Places are indices of commands.
struct SlackMembership {
  /// Nil while nobody is in it.
  private(set) var owner: UserID?
  /// Since when.
  private var members: [UserID: Int] = [:]
  private var lefts: [UserID: (place: Int, time: SlackTime)] = [:]
  private var absences: [UserID: [Range<Int>]] = [:]

  var count: Int { members.count }

  func contains(_ user: UserID) -> Bool { members[user] != nil }

  func hasAppeared(_ user: UserID) -> Bool { members[user] != nil || lefts[user] != nil }

  /// When who is not in it left it last.
  func lastLeave(of user: UserID) -> SlackTime? { lefts[user]?.time }

  mutating func join(_ user: UserID, at place: Int) {
    guard members[user] == nil else { return }
    members[user] = place
    if let left = lefts.removeValue(forKey: user) {
      absences[user, default: []].append(left.place..<place)
    }
    if owner == nil { owner = user }
  }

  /// An owner's place is taken by whoever has been there longest: nobody is made an admin here.
  mutating func leave(_ user: UserID, at place: Int, _ time: SlackTime) {
    guard members.removeValue(forKey: user) != nil else { return }
    lefts[user] = (place, time)
    if owner == user { owner = members.min { $0.value < $1.value }?.key }
  }

  /// Members are shown what was said before they first joined, but not what was said between two
  /// stays.
  func sees(_ user: UserID, _ message: Int) -> Bool {
    absences[user]?.contains { $0.contains(message) } != true
  }
}
