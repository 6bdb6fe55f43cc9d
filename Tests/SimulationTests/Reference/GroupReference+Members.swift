import DaybookModel
import Ports

/// Who comes, who goes, and who keeps order.
extension GroupReference {
  mutating func takeMembership(_ event: Event, by actor: UserID) -> String? {
    switch event.body {
    case .memberJoined(let user, let role, _): return takeJoin(user, role, by: actor, event)
    case .memberLeft(let user, let successor, _):
      return takeLeave(user, successor, by: actor, event)
    case .memberInvited(let user, let told):
      if let fault = fault(inTold: told) { return fault }
      let may = isModerator(actor) || (settings.joinPolicy == .open && isPresent(actor))
      let isNews = !isPresent(user) && !invited.contains(user) && !requested.contains(user)
      invited.insert(user)
      if !may { return "\(actor) may not invite" }
      return isNews ? nil : "\(user) needs no invitation"
    case .joinRequested(let user, let told):
      if let fault = fault(inTold: told) { return fault }
      let isNews = !isPresent(user) && !requested.contains(user) && !invited.contains(user)
      requested.insert(user)
      if user != actor { return "\(actor) asked for \(user)" }
      if settings.joinPolicy != .approval { return "nobody has to ask" }
      return isNews ? nil : "\(user) had no need to ask"
    case .joinRefused(let user, let told):
      if let fault = fault(inTold: told) { return fault }
      let isNews = requested.contains(user) || invited.contains(user)
      requested.remove(user)
      invited.remove(user)
      if user != actor, !isModerator(actor) { return "\(actor) may not refuse" }
      return isNews ? nil : "\(user) was neither invited nor had asked"
    default: return "unexpected"
    }
  }

  /// The relay tells the moderators, and nobody else.
  private func fault(inTold told: [UserID]) -> String? {
    let moderators = present.filter { isModerator($0) }
    return told.sorted() == moderators && told.first == owner
      ? nil : "\(told) are told, and the moderators are \(moderators)"
  }

  private mutating func takeJoin(
    _ user: UserID, _ role: Role, by actor: UserID, _ event: Event
  ) -> String? {
    let isListed = settings.areMembersListed
    let first = isListed ? event.seq : head.next
    if event.firstSeen != first { return "a stay from \(event.firstSeen), not \(first)" }
    let (wasPresent, wasEmpty) = (isPresent(user), present.isEmpty)
    let (wasInvited, hadAsked) = (invited.contains(user), requested.contains(user))
    let wasModerated = isModerator(actor)
    enter(user, role, first, reading: isListed ? first : head)
    if wasPresent { return "\(user) is a member already" }
    if role != (wasEmpty ? .owner : .member) { return "joined as \(role.name)" }
    if user == actor {
      return settings.joinPolicy == .open || wasInvited ? nil : "\(user) may not join"
    }
    if !wasModerated { return "\(actor) may let nobody in" }
    return hadAsked ? nil : "\(user) had not asked"
  }

  private mutating func takeLeave(
    _ user: UserID, _ successor: UserID?, by actor: UserID, _ event: Event
  ) -> String? {
    // In an announced group the leave is itself the head.
    if event.lastSeen != head { return "a stay up to \(event.lastSeen), not \(head)" }
    guard let role = role(of: user) else { return "\(user) is no member" }
    let actorRole = self.role(of: actor)
    exit(user, head)
    let heir = role == .owner ? successorOfOwner : nil
    if let successor { members[successor]?.role = .owner }
    if successor != heir {
      return "the group went to \(successor?.text ?? "nobody"), not \(heir?.text ?? "nobody")"
    }
    if user == actor { return nil }
    guard let actorRole, actorRole.isModerator else { return "\(actor) may remove nobody" }
    return actorRole > role ? nil : "\(actor) may not remove \(user)"
  }

  /// The admin, or else the member, who has been there for longest.
  private var successorOfOwner: UserID? {
    func since(_ user: UserID) -> Int { members[user]?.join ?? 0 }
    let rest = present.sorted { since($0) < since($1) }
    return rest.first { members[$0]?.role == .admin } ?? rest.first
  }

  mutating func takeModeration(_ event: Event, by actor: UserID) -> String? {
    guard let role = role(of: actor), role.isModerator else { return "\(actor) keeps no order" }
    switch event.body {
    case .groupChanged(let changed):
      let isNews = changed != settings
      settings = changed
      wasHistoryShown = wasHistoryShown || changed.isHistoryShown
      return isNews ? nil : "nothing was changed"
    case .memberSilenced(let user, let on):
      let isNews = silenced.contains(user) != on
      if on { silenced.insert(user) } else { silenced.remove(user) }
      if let other = self.role(of: user), other >= role {
        return "\(actor) may not silence \(user)"
      }
      return isNews ? nil : "nothing was changed"
    case .roleChanged(let user, let new):
      guard role == .owner else { return "only the owner gives roles" }
      guard let old = self.role(of: user) else { return "\(user) is no member" }
      if new == .owner { members[actor]?.role = .admin }
      members[user]?.role = new
      if user == actor { return "the owner's own role" }
      return old == new ? "nothing was changed" : nil
    case .groupDissolved:
      for user in present {
        let stays = members[user]?.stays.count ?? 0
        members[user]?.stays[stays - 1].last = event.seq
      }
      dissolvedAt = event.seq
      return role == .owner ? nil : "only the owner ends the group"
    default: return "it has no place in a group"
    }
  }
}
