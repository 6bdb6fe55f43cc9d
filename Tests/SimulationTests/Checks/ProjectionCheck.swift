import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import Ports

@testable import Projections

/// Every projection equals its rebuild, and what it answers equals the reference.
struct ProjectionCheck {
  let run: SimRun
  let reference: Reference
  private let queries: QueryService
  private var findings: Findings { run.findings }

  init(run: SimRun, reference: Reference) {
    self.run = run
    self.reference = reference
    queries = QueryService(
      log: run.log, folder: run.projecting.folder, clock: run.clock, threads: InlineWork())
  }

  func check() throws {
    try run.projecting.catchUp()
    let hashes = try run.projecting.hashes()
    findings.expect(
      hashes.live == hashes.rebuilt,
      "rebuilt projections have the hashes \(hashes.rebuilt), live ones \(hashes.live)")
    for verdict in hashes.verdicts {
      findings.expect(verdict.isOK, "\(verdict.name.rawValue): \(verdict.faults)")
    }
    for user in run.sizes.users { try check(user) }
    for group in run.sizes.groups { try check(group) }
    try checkLastSeen()
    for user in run.sizes.users {
      for peer in run.sizes.users where peer != user {
        try checkHistory(ConversationKey(mailbox: user, peer: peer), reader: user)
      }
    }
    queries.stop()
  }

  private func ask<T: Sendable>(
    _ body: @escaping @Sendable (QueryService) async throws -> T
  ) -> Result<T, DaybookError> {
    let queries = queries
    return run.waiting { try await body(queries) }
  }

  // MARK: users

  private func check(_ user: UserID) throws {
    let mailbox = reference.mailboxes[user] ?? MailboxReference(user, run.sizes.policy)
    let unread = try ask { try await $0.unread(of: user) }.get()
    let counts = Dictionary(
      unread.map { ($0.conversation.description, $0) }, uniquingKeysWith: { $1 })
    let expected = expectedUnread(user, mailbox)
    findings.expect(
      counts == expected && counts.count == unread.count,
      "unread of \(user) is \(unread), not \(expected)")
    let marks = try ask { try await $0.marks(of: user, after: nil, limit: 100) }.get()
    let expectedMarks = mailbox.marks.filter { $0.value != .none }
      .map { MarkedConversation(conversation: $0.key, marks: $0.value) }
      .sorted { $0.conversation.text.utf8.lexicographicallyPrecedes($1.conversation.text.utf8) }
    findings.expect(marks == expectedMarks, "marks of \(user) are \(marks), not \(expectedMarks)")
    let blocked = try ask { try await $0.blocked(by: user, after: nil, limit: 100) }.get()
    findings.expect(
      blocked == mailbox.blocked.sorted(),
      "\(user) has blocked \(blocked), not \(mailbox.blocked.sorted())")
    let devices = try ask { try await $0.devices(of: user) }.get()
    let expectedDevices = mailbox.devices.sorted { $0.key < $1.key }.map {
      DeviceProfile(device: $0.key, cursor: $0.value.cursor, lastSeen: $0.value.lastSeen)
    }
    findings.expect(
      devices == expectedDevices, "devices of \(user) are \(devices), not \(expectedDevices)")
    for device in run.sizes.devices { checkOffline(user, device, mailbox) }
    for record in mailbox.messages where record.author == record.peer && record.author != user {
      try checkReceipt(record, mailbox)
    }
  }

  private func expectedUnread(
    _ user: UserID, _ mailbox: MailboxReference
  ) -> [String: UnreadCount] {
    var expected: [String: UnreadCount] = [:]
    func add(_ key: ConversationKey, _ named: StreamKey, _ count: (UInt64, UInt64)) {
      let marks = mailbox.marks[named] ?? .none
      guard count.0 > 0 || marks.isUnread else { return }
      expected[key.description] = UnreadCount(
        conversation: key, unread: count.0, mentions: count.1, isQuiet: marks.isQuiet,
        isMarked: marks.isUnread)
    }
    for peer in run.sizes.users {
      let count = mailbox.unread(of: peer)
      add(
        ConversationKey(mailbox: user, peer: peer), .user(peer), (count.unread, count.mentions))
    }
    for group in run.sizes.groups {
      let count =
        reference.groups[group]?.unread(of: user, read: mailbox.groupReads[group] ?? .none)
        ?? (0, 0)
      add(ConversationKey(group: group), .group(group), (count.unread, count.mentions))
    }
    return expected
  }

  private func checkReceipt(_ record: MessageRecord, _ mailbox: MailboxReference) throws {
    let owner = mailbox.owner
    let page = try ask {
      try await $0.receipts(
        of: .user(owner), seq: record.seq, author: record.author, stated: .unstated, after: nil,
        limit: 10)
    }.get()
    let receipt = mailbox.receipt(of: record.seq, from: record.author)
    let isRead = receipt.readAt != .none
    let expected = ReceiptPage(
      receipts: [receipt], readCount: isRead ? 1 : 0, unreadCount: isRead ? 0 : 1, more: false)
    findings.expect(
      page == expected, "receipts of \(owner)'s seq \(record.seq) are \(page), not \(expected)")
  }

  private func checkOffline(_ user: UserID, _ device: DeviceID, _ mailbox: MailboxReference) {
    guard let cursor = mailbox.devices[device]?.cursor else { return }
    func pending(_ stream: StreamKey, _ head: Seq, _ cursor: Seq, _ visible: [SeqInterval])
      -> OfflineStream
    {
      var (count, seq) = (UInt64(0), cursor.next)
      while seq <= head {
        if visible.contains(where: { $0.contains(seq) }) { count += 1 }
        seq = seq.next
      }
      return OfflineStream(stream: stream, head: head, cursor: cursor, pending: count)
    }
    var expected = [
      pending(.user(user), mailbox.head, cursor, [SeqInterval(first: Seq(1), last: nil)])
    ]
    for name in run.sizes.groups.sorted() {
      guard let group = reference.groups[name], group.isPresent(user) else { continue }
      let stays = group.members[user]?.stays ?? []
      let key = GroupReference.Device(user: user, device: device)
      let joined = Seq((stays.last?.first.rawValue ?? 1) - 1)
      let acked = mailbox.devices[device]?.groups[name] ?? .none
      let cursor = max(group.cursors[key] ?? joined, acked)
      expected.append(pending(.group(name), group.head, cursor, stays))
    }
    switch ask({ try await $0.offline(user: user, device: device) }) {
    case .success(let streams):
      findings.expect(
        streams == expected, "waiting for \(user)'s \(device) is \(streams), not \(expected)")
    case .failure(let error): findings.add("waiting for \(user)'s \(device): \(error)")
    }
  }

  private func checkLastSeen() throws {
    let users = run.sizes.users
    let seen = try ask { try await $0.lastSeen(of: users) }.get()
    let expected = users.map { reference.mailboxes[$0]?.lastSeen ?? .none }
    findings.expect(seen == expected, "\(users) were last seen \(seen), not \(expected)")
  }

  // MARK: groups

  private func check(_ name: GroupID) throws {
    let profile = ask { try await $0.groupDetails(name).profile }
    guard let group = reference.groups[name], group.exists else {
      if case .success = profile { findings.add("\(name) has a profile, but was not created") }
      return
    }
    let expected = GroupProfile(
      group: name, settings: group.settings, owner: group.owner,
      members: UInt64(group.present.count), isDissolved: group.dissolvedAt != nil,
      requests: group.dissolvedAt == nil ? group.requested.sorted() : [])
    let answered = try profile.get()
    findings.expect(answered == expected, "\(name) is \(answered), not \(expected)")
    let members = try ask { try await $0.members(of: name, after: nil, limit: 100) }.get()
    let expectedMembers = group.present.map {
      GroupMember(user: $0, role: group.role(of: $0) ?? .member)
    }
    findings.expect(
      members == expectedMembers, "members of \(name) are \(members), not \(expectedMembers)")
    for record in group.messages { try checkReceipts(record, group) }
    try checkHistory(ConversationKey(group: name), reader: run.sizes.users[0])
  }

  private func checkReceipts(_ record: MessageRecord, _ group: GroupReference) throws {
    let name = group.group
    let stated = record.message.receipts
    let answer = ask {
      try await $0.receipts(
        of: .group(name), seq: record.seq, author: record.author, stated: stated, after: nil,
        limit: 10)
    }
    guard stated == .on else {
      if case .success = answer { findings.add("\(name)'s seq \(record.seq) has receipts") }
      return
    }
    let page = try answer.get()
    let receipts = group.receipts(of: record.seq, author: record.author)
    let read = receipts.count { $0.readAt != .none }
    let expected = ReceiptPage(
      receipts: receipts, readCount: UInt64(read), unreadCount: UInt64(receipts.count - read),
      more: false)
    findings.expect(
      page == expected, "receipts of \(name)'s seq \(record.seq) are \(page), not \(expected)")
  }

  // MARK: history

  /// All messages of a conversation with what became of them.
  private func checkHistory(_ key: ConversationKey, reader: UserID) throws {
    let page = try ask {
      try await $0.history(
        of: key, before: nil, limit: 500, bytesMax: .max, visible: nil, through: nil,
        reader: reader)
    }.get()
    let records =
      (key.peer == nil
      ? key.stream.groupID.flatMap { reference.groups[$0]?.messages } ?? []
      : reference.mailboxes[reader]?.messages.filter { $0.peer == key.peer } ?? [])
      .sorted { $0.id < $1.id }
    let now = run.clock.now()
    let ids = try page.messages.map { try EventDecoding.decode($0.bytes).messageID }
    findings.expect(
      ids == records.map(\.id), "history of \(key) is \(ids), not \(records.map(\.id))")
    let amended = Dictionary(page.amendments.map { ($0.messageID, $0) }) { $1 }
    for record in records where !record.isRecalled && !record.isExpired(at: now) {
      let amendments = amended[record.id]
      let edit = try amendments?.edit.map { try EventDecoding.decode($0).body }
      var content: ByteBuffer?
      if case .messageEdited(_, let edited)? = edit { content = edited }
      findings.expect(
        content == record.edits.last && amendments?.edits ?? 0 == record.edits.count,
        "history of \(key) has other edits of \(record.id)")
      let expected = reactions(of: record, reader)
      findings.expect(
        amendments?.reactions ?? [] == expected,
        "history of \(key) has the reactions \(amendments?.reactions ?? []), not \(expected)")
    }
  }

  private func reactions(
    of record: MessageRecord, _ reader: UserID
  ) -> [MessageAmendments.Reaction] {
    Dictionary(grouping: record.reactions, by: \.reaction)
      .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map { reaction, all in
        MessageAmendments.Reaction(
          reaction: reaction, count: UInt64(all.count),
          isOwn: all.contains { $0.user == reader })
      }
  }
}
