import DaybookModel
import DaybookSDK
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// What a running server says, page by page.
final class RemoteAnswers: ConversationAnswers, Inspection {
  private let client: DaybookClient

  init(_ client: DaybookClient) { self.client = client }

  private func ask<Reply>(
    _ body: () async throws -> Reply
  ) async throws(DaybookError) -> Reply {
    do {
      return try await body()
    } catch let error as ClientError {
      throw error.asDaybookError
    } catch let error as DaybookError {
      throw error
    } catch {
      throw DaybookError(.unreachable, "the server can't be asked: \(error)")
    }
  }

  // MARK: conversations

  func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int
  ) async throws -> [ShownMessage] {
    var pages: [[ShownMessage]] = []
    var (before, left) = (before, limit)
    while left > 0 {
      var request = Daybook_V1_HistoryRequest()
      request.conversation = conversation.description
      request.user = conversation.stream.userID?.text ?? ""
      request.beforeMessageID = before?.rawValue ?? 0
      request.limit = UInt32(min(left, Limits.historyPageMax))
      let reply: Daybook_V1_HistoryReply = try await client.query(.history, request)
      let page = try RemoteAnswers.messages(reply)
      guard let oldest = page.first else { break }
      pages.append(page)
      (before, left) = (oldest.event.messageID, left - page.count)
      guard reply.more else { break }
    }
    return pages.reversed().flatMap { $0 }
  }

  private static func messages(_ reply: Daybook_V1_HistoryReply) throws -> [ShownMessage] {
    let amendments = Dictionary(
      reply.amendments.map { ($0.messageID, $0) }, uniquingKeysWith: { $1 })
    return try reply.events.map { bytes in
      let event = try EventDecoding.decode(ByteBuffer(bytes: bytes))
      let amended = amendments[event.messageID.rawValue].map { found in
        MessageAmendments(
          messageID: event.messageID,
          edit: found.edit.isEmpty ? nil : ByteBuffer(bytes: found.edit), edits: Int(found.edits),
          reactions: found.reactions.map {
            .init(reaction: $0.reaction, count: $0.count, isOwn: $0.own)
          })
      }
      return ShownMessage(event: event, amendments: amended)
    }
  }

  func receipts(
    of message: MessageID, in conversation: ConversationKey, after: UserID?
  ) async throws -> ReceiptPage {
    var request = Daybook_V1_ReceiptsRequest()
    request.conversation = conversation.description
    request.user = conversation.stream.userID?.text ?? ""
    request.messageID = message.rawValue
    request.after = after?.text ?? ""
    let reply: Daybook_V1_ReceiptsReply = try await client.query(.receipts, request)
    return ReceiptPage(
      receipts: reply.receipts.map {
        Receipt(
          user: UserID(checked: $0.user), deliveredAt: Timestamp(milliseconds: $0.deliveredAtMs),
          readAt: Timestamp(milliseconds: $0.readAtMs))
      }, readCount: reply.readCount, unreadCount: reply.unreadCount, more: reply.more)
  }

  func groupDetails(_ group: GroupID) async throws -> GroupDetails {
    var request = Daybook_V1_GroupRequest()
    request.group = group.text
    let reply: Daybook_V1_GroupReply = try await client.query(.group, request)
    let settings = GroupSettings(
      title: reply.title, description: reply.description_p,
      joinPolicy: JoinPolicy(reply.joinPolicy),
      isHistoryShown: reply.historyShown, isSilenced: reply.silenced)
    return GroupDetails(
      profile: GroupProfile(
        group: group, settings: settings,
        owner: reply.owner.isEmpty ? nil : UserID(checked: reply.owner), members: reply.members,
        isDissolved: reply.dissolved, requests: reply.requests.map { UserID(checked: $0) }),
      creator: UserID(checked: reply.creator),
      createdAt: Timestamp(milliseconds: reply.createdAtMs),
      dissolvedAt: Timestamp(milliseconds: reply.dissolvedAtMs),
      invited: reply.invited.map { UserID(checked: $0) })
  }

  // MARK: Inspection

  /// A server's answers cover what was durable when it was asked.
  func waitForHead() async throws(DaybookError) {}

  func unread(of user: UserID) async throws(DaybookError) -> [UnreadCount] {
    var all: [UnreadCount] = []
    var request = Daybook_V1_UnreadRequest()
    request.user = user.text
    while true {
      let asked = request
      let reply: Daybook_V1_UnreadReply = try await ask { try await client.query(.unread, asked) }
      for one in reply.conversations {
        guard let stream = StreamKey(checked: one.conversation) else { continue }
        let key =
          stream.userID.map { ConversationKey(mailbox: user, peer: $0) }
          ?? stream.groupID.map { ConversationKey(group: $0) }
        guard let key else { continue }
        all.append(
          UnreadCount(
            conversation: key, unread: one.unread, mentions: one.mentions, isQuiet: one.quiet,
            isMarked: one.marked))
      }
      guard reply.more, let last = reply.conversations.last else { break }
      request.after = last.conversation
    }
    return all.filter { $0.conversation.peer != nil } + all.filter { $0.conversation.peer == nil }
  }

  func offline(
    user: UserID, device: DeviceID
  ) async throws(DaybookError) -> [OfflineStream] {
    var all: [OfflineStream] = []
    var request = Daybook_V1_OfflineRequest()
    (request.user, request.device) = (user.text, device.text)
    while true {
      let asked = request
      let reply: Daybook_V1_OfflineReply = try await ask { try await client.query(.offline, asked) }
      for one in reply.streams {
        guard let stream = StreamKey(checked: one.stream) else { continue }
        all.append(
          OfflineStream(
            stream: stream, head: Seq(one.headSeq), cursor: Seq(one.cursor), pending: one.pending))
      }
      guard reply.more, let last = reply.streams.last else { return all }
      request.after = last.stream
    }
  }

  func memberships(
    of group: GroupID, after: UserID?, limit: Int
  ) async throws(DaybookError) -> [MembershipDetails] {
    var request = Daybook_V1_MembershipsRequest()
    request.group = group.text
    return try await memberships(request, after: after?.text, limit: limit, next: \.user)
  }

  /// As many as are asked for, if there are so many: a page of the server's may have fewer.
  private func memberships(
    _ request: Daybook_V1_MembershipsRequest, after: String?, limit: Int,
    next: KeyPath<Daybook_V1_MembershipRecord, String>
  ) async throws(DaybookError) -> [MembershipDetails] {
    var all: [MembershipDetails] = []
    var request = request
    request.after = after ?? ""
    while all.count < limit {
      request.limit = UInt32(clamping: limit - all.count)
      let asked = request
      let reply: Daybook_V1_MembershipsReply = try await ask {
        try await client.query(.memberships, asked)
      }
      all += reply.memberships.map { MembershipDetails($0) }
      guard reply.more, let last = reply.memberships.last else { break }
      request.after = last[keyPath: next]
    }
    return all
  }

  func userDetails(_ user: UserID) async throws(DaybookError) -> UserDetails {
    var request = Daybook_V1_UserRequest()
    request.user = user.text
    var (devices, revoked): ([DeviceDetails], [Revocation]) = ([], [])
    var reply: Daybook_V1_UserReply
    repeat {
      let asked = request
      reply = try await ask { try await client.query(.user, asked) }
      devices += reply.devices.map { DeviceDetails($0) }
      revoked += reply.revocations.map { Revocation($0) }
      request.after = reply.devices.last?.device ?? ""
    } while reply.more && !reply.devices.isEmpty
    var groups = Daybook_V1_MembershipsRequest()
    groups.user = user.text
    return UserDetails(
      user: user, firstSeen: Timestamp(milliseconds: reply.firstSeenMs),
      lastSeen: Timestamp(milliseconds: reply.lastSeenMs), devices: devices,
      groups: try await memberships(groups, after: nil, limit: .max, next: \.group),
      blocked: try await blocked(by: user), marks: try await marks(of: user),
      revocations: revoked)
  }

  private func blocked(by user: UserID) async throws(DaybookError) -> [UserID] {
    var all: [UserID] = []
    var request = Daybook_V1_BlockedRequest()
    request.user = user.text
    while true {
      let asked = request
      let reply: Daybook_V1_BlockedReply = try await ask { try await client.query(.blocked, asked) }
      all += reply.users.map { UserID(checked: $0) }
      guard reply.more, let last = reply.users.last else { return all }
      request.after = last
    }
  }

  private func marks(of user: UserID) async throws(DaybookError) -> [Ports.MarkedConversation] {
    var all: [Ports.MarkedConversation] = []
    var request = Daybook_V1_ConversationsRequest()
    request.user = user.text
    while true {
      let asked = request
      let reply: Daybook_V1_ConversationsReply = try await ask {
        try await client.query(.conversations, asked)
      }
      for one in reply.conversations {
        guard let stream = StreamKey(checked: one.conversation) else { continue }
        all.append(
          Ports.MarkedConversation(
            conversation: stream,
            marks: ConversationMarks(
              isQuiet: one.quiet, isPinned: one.pinned, isUnread: one.unread)))
      }
      guard reply.more, let last = reply.conversations.last else { return all }
      request.after = last.conversation
    }
  }

  // MARK: lists

  func users(after: UserID?, limit: Int) async throws(DaybookError) -> [UserSummary] {
    var request = Daybook_V1_UsersRequest()
    (request.after, request.limit) = (after?.text ?? "", UInt32(clamping: limit))
    let asked = request
    let reply: Daybook_V1_UsersReply = try await ask { try await client.query(.users, asked) }
    return reply.users.map {
      UserSummary(
        user: UserID(checked: $0.user), firstSeen: Timestamp(milliseconds: $0.firstSeenMs),
        lastSeen: Timestamp(milliseconds: $0.lastSeenMs), devices: $0.devices)
    }
  }

  func groups(after: GroupID?, limit: Int) async throws(DaybookError) -> [GroupSummary] {
    var request = Daybook_V1_GroupsRequest()
    (request.after, request.limit) = (after?.text ?? "", UInt32(clamping: limit))
    let asked = request
    let reply: Daybook_V1_GroupsReply = try await ask { try await client.query(.groups, asked) }
    return reply.groups.map {
      GroupSummary(
        group: GroupID(checked: $0.group), title: $0.title, joinPolicy: JoinPolicy($0.joinPolicy),
        members: $0.members, createdAt: Timestamp(milliseconds: $0.createdAtMs),
        dissolvedAt: Timestamp(milliseconds: $0.dissolvedAtMs))
    }
  }

  func streams(after: StreamKey?, limit: Int) async throws(DaybookError) -> [StreamSummary] {
    var request = Daybook_V1_StreamsRequest()
    (request.after, request.limit) = (after?.text ?? "", UInt32(clamping: limit))
    let asked = request
    let reply: Daybook_V1_StreamsReply = try await ask { try await client.query(.streams, asked) }
    return reply.streams.compactMap { one in
      StreamKey(checked: one.stream).map {
        StreamSummary(
          stream: $0, partition: PartitionID(Int(one.partition)), head: Seq(one.headSeq))
      }
    }
  }
}

extension JoinPolicy {
  fileprivate init(_ wire: Daybook_V1_JoinPolicy) {
    switch wire {
    case .open: self = .open
    case .approval: self = .approval
    default: self = .invitation
    }
  }
}

extension Revocation {
  fileprivate init(_ record: Daybook_V1_Revocation) {
    self.init(
      device: record.device.isEmpty ? nil : DeviceID(checked: record.device),
      tokenID: record.tokenID, issuedUntil: Timestamp(milliseconds: record.issuedUntilMs),
      isOfService: record.ofService)
  }
}

extension DeviceDetails {
  fileprivate init(_ record: Daybook_V1_DeviceRecord) {
    self.init(
      device: DeviceID(checked: record.device), cursor: Seq(record.cursor),
      added: Timestamp(milliseconds: record.addedMs),
      sessionOpened: Timestamp(milliseconds: record.sessionOpenedMs),
      sessionClosed: Timestamp(milliseconds: record.sessionClosedMs), sessions: record.sessions,
      isOpen: record.open, client: record.client, isForgotten: record.forgotten,
      deviceClass: record.deviceClass)
  }
}

extension MembershipDetails {
  fileprivate init(_ record: Daybook_V1_MembershipRecord) {
    let role: DaybookModel.Role =
      switch record.role {
      case .owner: .owner
      case .admin: .admin
      default: .member
      }
    self.init(
      group: GroupID(checked: record.group), user: UserID(checked: record.user),
      role: record.member ? role : nil, isSilenced: record.silenced,
      stays: record.stays.map { stay in
        StayDetails(
          seqs: SeqInterval(
            first: Seq(stay.fromSeq), last: stay.toSeq == 0 ? nil : Seq(stay.toSeq)),
          began: Timestamp(milliseconds: stay.fromMs), ended: Timestamp(milliseconds: stay.toMs))
      })
  }
}
