import DaybookModel

/// Who there is: users with their devices, groups with their members. Messages concern it in
/// nothing but the first that a mailbox gets.
final class DirectoryProjector: Projector {
  private let users = RowTable<KnownUser>()
  private let devices = RowTable<KnownDevice>()
  private let revoked = RowTable<RevokedTokens>()
  private let groups = RowTable<KnownGroup>()
  private let members = RowTable<KnownMember>()
  private let pending = RowTable<PendingMember>()
  private let pastStays = RowLog<EndedStay>()

  var tables: [any ProjectionTable] {
    [users, devices, revoked, groups, members, pending, pastStays]
  }

  func fold(_ batch: DecodedBatch) throws(DaybookError) {
    for index in batch.indices {
      switch batch.events[index].stream.kind {
      case .user: try foldMailbox(batch.events[index])
      case .group: try foldGroup(batch.events[index])
      }
    }
  }
}

// MARK: Users

extension DirectoryProjector {
  private func foldMailbox(_ event: borrowing Event) throws(DaybookError) {
    switch event.body {
    // A cursor was opened before whatever was acked.
    case .acked, .groupCursors: break
    case .cursorOpened: try add(event)
    case .sessionOpened(let session, let client, let deviceClass):
      try open(event, session, client, deviceClass)
    case .sessionClosed(let session, _): try close(event, session)
    case .deviceForgotten(let device): try forget(device, in: event.stream)
    case .tokensRevoked(let tokens): try revoke(event, tokens)
    // A mailbox begins with its first seq, or with something that takes none.
    default: if event.seq <= Seq(1) { _ = try know(event) }
    }
  }

  private func know(_ event: borrowing Event) throws(DaybookError) -> Int {
    let (stream, at) = (event.stream, event.recordedAt)
    return try users.find(
      RowKey(stream), orMake: KnownUser(stream: stream.text, firstSeen: at))
  }

  private func findDevice(_ event: borrowing Event) throws(DaybookError) -> Int? {
    guard let device = event.actor.device else { return nil }
    let stream = event.stream
    return try devices.find(
      RowKey(stream, device.text),
      orMake: KnownDevice(stream: stream.text, device: device.text))
  }

  /// One that was forgotten comes again as if it had never been there.
  private func add(_ event: borrowing Event) throws(DaybookError) {
    _ = try know(event)
    guard let slot = try findDevice(event) else { return }
    let at = event.recordedAt
    devices.change(slot) { row in
      row = KnownDevice(stream: row.stream, device: row.device)
      row.added = at
    }
  }

  private func open(
    _ event: borrowing Event, _ session: String, _ client: String, _ deviceClass: String
  ) throws(DaybookError) {
    let at = event.recordedAt
    users.change(try know(event)) { $0.sessionOpened = at }
    guard let slot = try findDevice(event) else { return }
    devices.change(slot) { row in
      row.sessionOpened = at
      row.sessions &+= 1
      row.isOpen = true
      (row.session, row.client, row.deviceClass) = (session, client, deviceClass)
    }
  }

  private func close(_ event: borrowing Event, _ session: String) throws(DaybookError) {
    let at = event.recordedAt
    users.change(try know(event)) { $0.sessionClosed = at }
    guard let slot = try findDevice(event) else { return }
    devices.change(slot) { row in
      row.sessionClosed = at
      // One that another took the place of is closed after that was opened.
      if ByteEquality.of(row.session, session) { row.isOpen = false }
    }
  }

  private func forget(_ device: DeviceID, in mailbox: StreamKey) throws(DaybookError) {
    guard let slot = try devices.find(RowKey(mailbox, device.text)) else { return }
    devices.change(slot) { $0.isForgotten = true }
  }

  /// It may be the first that the mailbox gets.
  private func revoke(_ event: borrowing Event, _ tokens: Revocation) throws(DaybookError) {
    _ = try know(event)
    let (stream, seq) = (event.stream, event.seq)
    let slot = try revoked.find(
      tokens.key(in: stream), orMake: RevokedTokens(stream: stream.text, tokens))
    revoked.change(slot) { ($0.seq, $0.issuedUntil) = (seq, tokens.issuedUntil) }
  }
}

// MARK: Groups

extension DirectoryProjector {
  private func foldGroup(_ event: borrowing Event) throws(DaybookError) {
    switch event.body {
    case .groupCreated(let settings): try create(event, settings)
    case .groupChanged(let settings): try changeGroup(event) { $0.settings = settings }
    case .memberJoined(let user, let role, _): try join(event, user, role)
    case .memberLeft(let user, let successor, _): try leave(event, user, successor)
    case .roleChanged(let user, let role): try changeRole(event, user, role)
    case .memberSilenced(let user, let isSilenced):
      try changeMember(user, of: event.stream) { $0.isSilenced = isSilenced }
    case .memberInvited(let user, _): try changePending(event, user) { $0.isInvited = true }
    case .joinRequested(let user, _): try changePending(event, user) { $0.isRequested = true }
    case .joinRefused(let user, _): try settle(event.stream, user)
    case .groupDissolved:
      let (seq, at) = (event.seq, event.recordedAt)
      try changeGroup(event) { ($0.dissolvedSeq, $0.dissolved) = (seq, at) }
    default: break
    }
  }

  private func changeGroup(
    _ event: borrowing Event, _ change: (inout KnownGroup) -> Void
  ) throws(DaybookError) {
    guard let slot = try groups.find(RowKey(event.stream)) else { return }
    groups.change(slot, change)
  }

  /// Of who was never a member there is nothing to change.
  private func changeMember(
    _ user: UserID, of group: StreamKey, _ change: (inout KnownMember) -> Void
  ) throws(DaybookError) {
    guard let slot = try members.find(RowKey(group, user.text)) else { return }
    members.change(slot, change)
  }

  private func create(
    _ event: borrowing Event, _ settings: GroupSettings
  ) throws(DaybookError) {
    guard let user = event.actor.user else { return }
    let stream = event.stream
    _ = try groups.find(
      RowKey(stream),
      orMake: KnownGroup(
        stream: stream.text, settings: settings, creator: user.text, created: event.recordedAt))
    try join(event, user, .owner)
  }

  private func join(
    _ event: borrowing Event, _ user: UserID, _ role: Role
  ) throws(DaybookError) {
    let (stream, seq, at) = (event.stream, event.firstSeen, event.recordedAt)
    guard let group = try groups.find(RowKey(stream)) else { return }
    let slot = try members.find(
      RowKey(stream, user.text), orMake: KnownMember(stream: stream.text, user: user.text))
    guard !members.row(slot).isMember else { return }
    // To whom a group falls that nobody is left in, older logs don't say.
    let role = groups.row(group).members == 0 ? .owner : role
    members.change(slot) { row in
      row.isMember = true
      row.role = role
      (row.since, row.sinceTime) = (seq, at)
    }
    groups.change(group) { row in
      row.members &+= 1
      if role == .owner { row.owner = user.text }
    }
    try settle(stream, user)
  }

  private func leave(
    _ event: borrowing Event, _ user: UserID, _ successor: UserID?
  ) throws(DaybookError) {
    let stream = event.stream
    guard let group = try groups.find(RowKey(stream)),
      let slot = try members.find(RowKey(stream, user.text)), members.row(slot).isMember
    else { return }
    let row = members.row(slot)
    pastStays.append(
      EndedStay(
        stream: stream.text, user: user.text, first: row.since, last: event.lastSeen,
        began: row.sinceTime, ended: event.recordedAt))
    members.change(slot) { row in
      row.isMember = false
      row.role = .member
    }
    let wasOwner = ByteEquality.of(groups.row(group).owner, user.text)
    groups.change(group) { row in
      row.members &-= 1
      if wasOwner || successor != nil { row.owner = successor?.text ?? "" }
    }
    if let successor { try changeMember(successor, of: stream) { $0.role = .owner } }
  }

  private func changeRole(
    _ event: borrowing Event, _ user: UserID, _ role: Role
  ) throws(DaybookError) {
    let stream = event.stream
    if role == .owner, let group = try groups.find(RowKey(stream)) {
      // Who isn't known as the owner is the one who hands the group over.
      let stated = groups.row(group).owner
      let former = stated.isEmpty ? event.actor.user : UserID(checked: stated)
      if let former { try changeMember(former, of: stream) { $0.role = .admin } }
      groups.change(group) { $0.owner = user.text }
    }
    try changeMember(user, of: stream) { $0.role = role }
  }

  private func changePending(
    _ event: borrowing Event, _ user: UserID, _ change: (inout PendingMember) -> Void
  ) throws(DaybookError) {
    let stream = event.stream
    let slot = try pending.find(
      RowKey(stream, user.text), orMake: PendingMember(stream: stream.text, user: user.text))
    pending.change(slot, change)
  }

  /// Who is let in, or refused, neither asks nor is asked any more.
  private func settle(_ group: StreamKey, _ user: UserID) throws(DaybookError) {
    guard !pending.isEmpty, let slot = try pending.find(RowKey(group, user.text)) else { return }
    pending.change(slot) { ($0.isInvited, $0.isRequested) = (false, false) }
  }
}
