import DaybookModel
import Ports

@testable import Projections

/// A group as its events make it.
struct ReferenceGroup {
  let id: GroupID
  var settings = GroupSettings(title: "")
  var creator = UserID(checked: "")
  var createdAt = Timestamp.none
  var dissolvedAt = Timestamp.none
  var roles: [UserID: Role] = [:]
  var silenced: Set<UserID> = []
  var invited: Set<UserID> = []
  var requested: Set<UserID> = []
  var stays: [UserID: [StayDetails]] = [:]

  init(_ id: GroupID, _ events: [Event]) {
    self.id = id
    for event in events { fold(event) }
  }

  private mutating func fold(_ event: Event) {
    switch event.body {
    case .groupCreated(let settings):
      (self.settings, creator, createdAt) = (settings, event.actor.user!, event.recordedAt)
      join(event.actor.user!, .owner, event)
    case .groupChanged(let settings): self.settings = settings
    case .memberJoined(let user, let role, _): join(user, role, event)
    case .memberLeft(let user, let successor, _):
      end(user, event)
      if let successor { roles[successor] = .owner }
    case .roleChanged(let user, let role):
      if role == .owner { for (other, was) in roles where was == .owner { roles[other] = .admin } }
      roles[user] = role
    case .memberSilenced(let user, true): silenced.insert(user)
    case .memberSilenced(let user, false): silenced.remove(user)
    case .memberInvited(let user, _): invited.insert(user)
    case .joinRequested(let user, _): requested.insert(user)
    case .joinRefused(let user, _):
      invited.remove(user)
      requested.remove(user)
    case .groupDissolved:
      dissolvedAt = event.recordedAt
      for user in roles.keys { end(user, event) }
      (invited, requested) = ([], [])
    default: break
    }
  }

  private mutating func join(_ user: UserID, _ role: Role, _ event: Event) {
    roles[user] = role
    invited.remove(user)
    requested.remove(user)
    stays[user, default: []].append(
      StayDetails(
        seqs: SeqInterval(first: event.firstSeen, last: nil), began: event.recordedAt, ended: .none)
    )
  }

  private mutating func end(_ user: UserID, _ event: Event) {
    roles[user] = nil
    let stay = stays[user]!.removeLast()
    stays[user]!.append(
      StayDetails(
        seqs: SeqInterval(first: stay.seqs.first, last: event.lastSeen), began: stay.began,
        ended: event.recordedAt))
  }

  var members: [GroupMember] {
    roles.map { GroupMember(user: $0.key, role: $0.value) }.sorted { $0.user < $1.user }
  }

  var details: GroupDetails {
    let profile = GroupProfile(
      group: id, settings: settings, owner: roles.first { $0.value == .owner }?.key,
      members: UInt64(roles.count), isDissolved: dissolvedAt != .none,
      requests: requested.sorted())
    return GroupDetails(
      profile: profile, creator: creator, createdAt: createdAt, dissolvedAt: dissolvedAt,
      invited: invited.sorted())
  }

  func membership(of user: UserID) -> MembershipDetails? {
    stays[user].map { stays in
      MembershipDetails(
        group: id, user: user, role: roles[user], isSilenced: silenced.contains(user),
        stays: stays)
    }
  }

  var memberships: [MembershipDetails] { stays.keys.sorted().compactMap { membership(of: $0) } }
}

extension ReferenceModel {
  func group(_ id: GroupID) -> ReferenceGroup { ReferenceGroup(id, inStream(.group(id))) }

  // MARK: Receipts

  func receipts(of message: Event) -> ReceiptPage {
    let author = message.actor.user!
    let receipts =
      message.stream.kind == .group
      ? groupReceipts(message, author) : directReceipts(message, author)
    let read = receipts.filter { $0.readAt != .none }.count
    return ReceiptPage(
      receipts: receipts, readCount: UInt64(read), unreadCount: UInt64(receipts.count - read),
      more: false)
  }

  private func groupReceipts(_ message: Event, _ author: UserID) -> [Receipt] {
    let events = inStream(message.stream)
    // A dissolved group is asked as of its dissolution.
    let live = events.prefix { $0.kind != .groupDissolved }
    let group = ReferenceGroup(message.stream.groupID!, Array(live))
    let audience = group.roles.keys.filter { user in
      user != author && group.stays[user]!.last!.seqs.first <= message.seq
    }
    return audience.sorted().map { user in
      let reads = events.filter { event in
        guard case .read(nil, let upTo, _) = event.body else { return false }
        return event.actor.user == user && upTo >= message.seq
      }
      return Receipt(user: user, readAt: reads.first?.recordedAt ?? .none)
    }
  }

  /// What the author was told of later ones.
  func receipt(ofWithheld message: Event) -> Receipt {
    let (id, author) = (message.messageID, message.actor.user!)
    var receipt = Receipt(user: UserID(checked: message.stream.id))
    var (delivered, read) = (Seq.none, Seq.none)
    for event in inStream(message.stream) {
      switch event.body {
      case .acked(let upTo, let senders, _):
        guard upTo > delivered, let sender = senders.first(where: { $0.user == author })
        else { continue }
        delivered = upTo
        if receipt.deliveredAt == .none, sender.lastMessage >= id, sender.after < id {
          receipt.deliveredAt = event.recordedAt
        }
      case .read(author?, let upTo, let notice) where upTo > read && notice != .nobody:
        read = upTo
        if receipt.readAt == .none, notice.message >= id { receipt.readAt = event.recordedAt }
      default: break
      }
    }
    return receipt
  }

  private func directReceipts(_ message: Event, _ author: UserID) -> [Receipt] {
    let events = inStream(message.stream)
    let acks = events.filter { event in
      guard case .acked(let upTo, let senders, let after) = event.body else { return false }
      return upTo >= message.seq && after < message.seq && senders.contains { $0.user == author }
    }
    let reads = events.filter { event in
      guard case .read(author?, let upTo, let notice) = event.body else { return false }
      return upTo >= message.seq && notice != .nobody
    }
    let owner = UserID(checked: message.stream.id)
    if owner == author { return [] }
    return [
      Receipt(
        user: owner, deliveredAt: acks.first?.recordedAt ?? .none,
        readAt: reads.first?.recordedAt ?? .none)
    ]
  }
}
