package import DaybookModel
package import DaybookSchema
import NIOCore
package import Ports
import SwiftProtobuf
import WireProtocol

/// Asks the read side, and who is online here, what a session's query needs, and makes the
/// reply's body of it.
package struct QueryRunner: Sendable {
  private let queries: any Queries
  private let inspection: (any Inspection)?
  private let audience: any Audience

  /// Where there is no `inspection`, what is asked of it is refused as `projection_behind`.
  package init(
    queries: any Queries, inspection: (any Inspection)? = nil, audience: any Audience
  ) {
    self.queries = queries
    self.inspection = inspection
    self.audience = audience
  }

  package func run(_ query: Query) async throws(DaybookError) -> QueryAnswer {
    switch query {
    case .fetch(let stream, let from, let through, let head, let visible):
      let last = through == .none ? head : min(through, head)
      return try await fetch(stream, from: from, through: last, head: head, visible: visible)
    case .history(
      let conversation, let before, let limit, let visible, let through, let reader):
      let found = try await queries.history(
        of: conversation, before: before, limit: limit, bytesMax: Limits.pageBytesMax,
        visible: visible, through: through, reader: reader)
      return HistoryReply.answer(found)
    case .unread(let user, let after, let limit):
      return QueryRunner.answer(
        try await queries.unreadPage(of: user, after: after, limit: limit).reply)
    case .members(let group, let after, let limit):
      return QueryRunner.answer(try await members(group, after: after, limit: limit))
    case .receipts(let name, let visible, let after, let limit):
      return QueryRunner.answer(
        try await receipts(name, visible: visible, after: after, limit: limit))
    case .devices(let user): return QueryRunner.answer(try await devices(user))
    case .group(let group, let asker):
      return QueryRunner.answer(try await profile(group, asker))
    case .conversations(let user, let after, let limit):
      return QueryRunner.answer(try await conversations(user, after: after, limit: limit))
    case .overview(let user, let after, let limit):
      let found = try await queries.overview(of: user, after: after, limit: limit + 1)
      return QueryRunner.answer(found.reply(limit: limit))
    case .blocked(let user, let after, let limit):
      // One more than asked for tells whether there are more, here and below.
      let found = try await queries.blocked(by: user, after: after, limit: limit + 1)
      return QueryRunner.answer(
        Daybook_V1_BlockedReply.with {
          $0.users = found.prefix(limit).map(\.text)
          $0.more = found.count > limit
        })
    case .user, .membershipsOfGroup, .membershipsOfUser, .offline, .users, .groups, .streams:
      return try await inspect(query)
    }
  }

  private func inspect(_ query: Query) async throws(DaybookError) -> QueryAnswer {
    guard let inspection else {
      throw DaybookError(.projectionBehind, "this server has no read models to look into")
    }
    let answers = InspectionAnswers(inspection)
    switch query {
    case .user(let user, let after):
      return QueryRunner.answer(try await answers.user(user, after: after))
    case .membershipsOfGroup(let group, let after, let limit, let seesAll):
      return QueryRunner.answer(
        try await answers.memberships(of: group, after: after, limit: limit, seesAll: seesAll))
    case .membershipsOfUser(let user, let after, let limit):
      return QueryRunner.answer(
        try await answers.memberships(of: user, after: after, limit: limit))
    case .offline(let user, let device, let after):
      return QueryRunner.answer(try await answers.offline(user, device, after: after))
    case .users(let after, let limit):
      return QueryRunner.answer(try await answers.users(after: after, limit: limit))
    case .groups(let after, let limit):
      return QueryRunner.answer(try await answers.groups(after: after, limit: limit))
    case .streams(let after, let limit):
      return QueryRunner.answer(try await answers.streams(after: after, limit: limit))
    default: preconditionFailure("\(query) is answered by others")
    }
  }

  private static func answer(_ reply: some SwiftProtobuf.Message) -> QueryAnswer {
    QueryAnswer(body: ByteBuffer(bytes: reply.wireBytes()), observed: .none)
  }

  private func members(
    _ group: GroupID, after: UserID?, limit: Int
  ) async throws(DaybookError) -> Daybook_V1_MembersReply {
    let found = try await queries.members(of: group, after: after, limit: limit + 1)
    return .with {
      $0.members = found.prefix(limit).map(\.user.text)
      $0.roles = found.prefix(limit).map(\.role.wire)
      $0.more = found.count > limit
    }
  }

  private func conversations(
    _ user: UserID, after: StreamKey?, limit: Int
  ) async throws(DaybookError) -> Daybook_V1_ConversationsReply {
    let found = try await queries.marks(of: user, after: after, limit: limit + 1)
    return .with {
      $0.conversations = found.prefix(limit).map { marked in
        .with {
          $0.conversation = marked.conversation.text
          $0.quiet = marked.marks.isQuiet
          $0.pinned = marked.marks.isPinned
          $0.unread = marked.marks.isUnread
        }
      }
      $0.more = found.count > limit
    }
  }

  private func devices(_ user: UserID) async throws(DaybookError) -> Daybook_V1_DevicesReply {
    let found = try await queries.devices(of: user)
    let online = audience.onlineDevices(of: user)
    return .with {
      $0.devices = found.map { profile in
        .with {
          $0.device = profile.device.text
          $0.online = online.contains(profile.device)
          $0.deviceClass = profile.deviceClass
          $0.lastSeenMs = profile.lastSeen.milliseconds
          $0.cursor = profile.cursor.rawValue
        }
      }
    }
  }

  private func profile(
    _ group: GroupID, _ asker: GroupAsker
  ) async throws(DaybookError) -> Daybook_V1_GroupReply {
    let details = try await queries.groupDetails(group)
    let profile = details.profile
    let online = asker.seesInside ? await audience.followerCount(of: .group(group)) : 0
    return .with {
      $0.group = group.text
      $0.title = profile.settings.title
      $0.description_p = profile.settings.description
      $0.joinPolicy = profile.settings.joinPolicy.wire
      $0.historyShown = asker.seesInside && profile.settings.isHistoryShown
      $0.silenced = asker.seesInside && profile.settings.isSilenced
      $0.owner = profile.owner?.text ?? ""
      $0.members = profile.members
      $0.online = UInt64(online)
      $0.dissolved = profile.isDissolved
      $0.isMember = asker.isMember
      $0.role = asker.role.wire
      if asker.seesInside { $0.membersListed = profile.settings.areMembersListed }
      if asker.seesInside {
        $0.creator = details.creator.text
        $0.createdAtMs = details.createdAt.milliseconds
        $0.dissolvedAtMs = details.dissolvedAt.milliseconds
      }
      if asker.seesWaiting {
        $0.requests = profile.requests.map(\.text)
        $0.invited = details.invited.map(\.text)
      }
    }
  }

  private func receipts(
    _ name: MessageName, visible: [SeqInterval]?, after: UserID?, limit: Int
  ) async throws(DaybookError) -> Daybook_V1_ReceiptsReply {
    let found = try await MessageResolver(queries: queries).find(name, reading: nil)
    guard visible?.contains(where: { $0.contains(found.seq) }) ?? true else { throw name.notFound }
    let page =
      if found.seq == .none, let peer = name.conversation.userID {
        // It never came there, which who sent it is not to see.
        try await receipts(ofWithheld: name.id, by: found.author, in: peer, after: after)
      } else {
        try await queries.receipts(
          of: found.stream, seq: found.seq, author: found.author, stated: found.receipts,
          after: after, limit: limit)
      }
    return .with {
      $0.receipts = page.receipts.map { receipt in
        .with {
          $0.user = receipt.user.text
          $0.deliveredAtMs = receipt.deliveredAt.milliseconds
          $0.readAtMs = receipt.readAt.milliseconds
        }
      }
      $0.readCount = page.readCount
      $0.unreadCount = page.unreadCount
      $0.more = page.more
    }
  }

  private func receipts(
    ofWithheld id: MessageID, by author: UserID, in mailbox: UserID, after: UserID?
  ) async throws(DaybookError) -> ReceiptPage {
    let receipt = try await queries.receipt(ofWithheld: id, by: author, in: mailbox)
    let isRead = receipt.readAt != .none
    return ReceiptPage(
      receipts: after.map { $0 < mailbox } ?? true ? [receipt] : [], readCount: isRead ? 1 : 0,
      unreadCount: isRead ? 0 : 1, more: false)
  }

  private func fetch(
    _ stream: StreamKey, from: Seq, through last: Seq, head: Seq, visible: [SeqInterval]?
  ) async throws(DaybookError) -> QueryAnswer {
    var events: [ByteBuffer] = []
    var bytes = 0
    var reply = Daybook_V1_FetchReply()
    reply.headSeq = head.rawValue
    var observed = MessageID.none
    let everything = [SeqInterval(first: Seq(1), last: nil)]
    var next = from
    scan: while next <= last {
      let part = VisibleRanges.head(next, last, visible: visible ?? everything)
      guard part.isVisible else {
        guard reply.notVisible.count < Limits.pageRangesMax else { break }
        reply.notVisible.append(
          .with {
            $0.fromSeq = part.first.rawValue
            $0.toSeq = part.last.rawValue
          })
        next = part.last.next
        continue
      }
      let room = Limits.pageEventsMax - events.count
      guard room > 0 else { break }
      let page = try await queries.events(
        of: stream, from: part.first, through: part.last, limit: room,
        bytesMax: Limits.pageBytesMax - bytes)
      guard !page.isEmpty else { break }
      for event in page {
        bytes += event.bytes.readableBytes
        if bytes > Limits.pageBytesMax, !events.isEmpty { break scan }
        events.append(event.bytes)
        observed = max(observed, event.messageID)
        next = event.seq.next
      }
    }
    reply.nextSeq = next <= last ? next.rawValue : 0
    return QueryAnswer(body: EventPage.body(events, reply), observed: observed)
  }
}

/// Who is connected to this process.
package protocol Audience: Sendable {
  func onlineDevices(of user: UserID) -> Set<DeviceID>
  /// How many users have a session that follows the stream; of very many, a moment ago.
  func followerCount(of stream: StreamKey) async -> Int
}

extension Role {
  package var wire: Daybook_V1_Role {
    switch self {
    case .member: .member
    case .admin: .admin
    case .owner: .owner
    }
  }
}

extension JoinPolicy {
  package var wire: Daybook_V1_JoinPolicy {
    switch self {
    case .open: .open
    case .approval: .approval
    case .invitation: .invitation
    }
  }
}

extension EventPage {
  static func body(_ events: [ByteBuffer], _ rest: some SwiftProtobuf.Message) -> ByteBuffer {
    let rest = rest.wireBytes()
    var body = ByteBuffer()
    body.reserveCapacity(events.reduce(rest.count + 16) { $0 + $1.readableBytes + 16 })
    EventPage.write(events, to: &body)
    body.writeBytes(rest)
    return body
  }
}
