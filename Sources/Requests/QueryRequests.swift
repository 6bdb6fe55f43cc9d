package import DaybookModel
import DaybookSchema
package import NIOCore
import Ports
package import WireProtocol

/// A question as somebody has asked it.
package struct QueryRequest: Sendable, Equatable {
  package var query: Query
  /// Whose owner says first what of it whoever asks may see; nil where that is known.
  package var inspection: Inspected?

  package struct Inspected: Sendable, Equatable {
    package let stream: StreamKey
    package let peer: UserID?

    package init(_ stream: StreamKey, peer: UserID? = nil) {
      self.stream = stream
      self.peer = peer
    }
  }

  init(_ query: Query, inspecting inspection: Inspected? = nil) {
    self.query = query
    self.inspection = inspection
  }

  /// Of the own mailbox all is visible: who knows how far it goes need not ask its owner.
  package mutating func ownHeadIsKnown(_ head: Seq) {
    guard case .fetch(let stream, let from, let through, _, _) = query, stream.kind == .user else {
      return
    }
    query = .fetch(stream, from: from, through: through, head: head, visible: nil)
    inspection = nil
  }
}

/// What the bodies of query frames ask for; presence apart, which is not asked of the read side.
package enum QueryRequests {
  /// Throws `invalid_request`, `invalid_id`, `not_permitted`, and for what is no query
  /// `unknown_request_type`.
  package static func parse(
    _ type: FrameType, _ body: ByteBuffer, by requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    switch type {
    case .fetch: try fetch(body, requester)
    case .history: try history(body, requester)
    case .unread: try unread(body, requester)
    case .members: try members(body)
    case .receipts: try receipts(body, requester)
    case .devices: try devices(body, requester)
    case .group: try group(body)
    case .conversations: try conversations(body, requester)
    case .blocked: try blocked(body, requester)
    case .overview: try overview(body, requester)
    case .user, .memberships, .offline, .users, .groups, .streams:
      try InspectionRequests.parse(type, body, by: requester)
    default: throw CommandRequests.unknown(type)
    }
  }

  static func limit(_ asked: UInt32, _ most: Int) -> Int {
    asked == 0 ? most : min(Int(asked), most)
  }

  private static func fetch(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_FetchRequest(frameBody: body)
    let stream = try StreamKey(parsing: request.stream)
    if stream.kind == .user, requester.user.map({ stream != .user($0) }) ?? true {
      throw DaybookError(.notPermitted, "a mailbox is fetched by its owner only")
    }
    return QueryRequest(
      .fetch(
        stream, from: Seq(max(1, request.fromSeq)), through: Seq(request.toSeq), head: .none,
        visible: nil), inspecting: .init(stream))
  }

  private static func history(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_HistoryRequest(frameBody: body)
    let conversation = try StreamKey(parsing: request.conversation)
    let before =
      request.beforeMessageID == 0 ? nil : try MessageID(claimed: request.beforeMessageID)
    let limit = limit(request.limit, Limits.historyPageMax)
    func query(_ key: ConversationKey, _ reader: UserID?) -> Query {
      .history(key, before: before, limit: limit, visible: nil, through: nil, reader: reader)
    }
    if let group = conversation.groupID {
      return QueryRequest(
        query(ConversationKey(group: group), requester.user), inspecting: .init(conversation))
    }
    let user = try requester.owner(request.user)
    guard let peer = conversation.userID else { throw Requester.ownersOnly }
    // Its owner knows what was cleared.
    return QueryRequest(
      query(ConversationKey(mailbox: user, peer: peer), user),
      inspecting: .init(.user(user), peer: peer))
  }

  private static func unread(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_UnreadRequest(frameBody: body)
    let user = try requester.owner(request.user)
    let after = request.after.isEmpty ? nil : try StreamKey(parsing: request.after)
    return QueryRequest(
      .unread(user, after: after, limit: limit(request.limit, Limits.unreadPageMax)))
  }

  private static func conversations(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_ConversationsRequest(frameBody: body)
    let user = try requester.owner(request.user)
    let after = request.after.isEmpty ? nil : try StreamKey(parsing: request.after)
    return QueryRequest(
      .conversations(user, after: after, limit: limit(request.limit, Limits.unreadPageMax)))
  }

  private static func overview(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_OverviewRequest(frameBody: body)
    let user = try requester.requireUser()
    let after = request.after.isEmpty ? nil : try StreamKey(parsing: request.after)
    return QueryRequest(
      .overview(user, after: after, limit: limit(request.limit, Limits.overviewPageMax)))
  }

  private static func blocked(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_BlockedRequest(frameBody: body)
    let user = try requester.owner(request.user)
    let after = request.after.isEmpty ? nil : try UserID(request.after)
    return QueryRequest(
      .blocked(user, after: after, limit: limit(request.limit, Limits.membersPageMax)))
  }

  private static func devices(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    _ = try Daybook_V1_DevicesRequest(frameBody: body)
    return QueryRequest(.devices(try requester.requireUser()))
  }

  private static func members(_ body: ByteBuffer) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_MembersRequest(frameBody: body)
    let group = try GroupID(request.group)
    let after = request.after.isEmpty ? nil : try UserID(request.after)
    return QueryRequest(
      .members(group, after: after, limit: limit(request.limit, Limits.membersPageMax)),
      inspecting: .init(.group(group)))
  }

  private static func group(_ body: ByteBuffer) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_GroupRequest(frameBody: body)
    let group = try GroupID(request.group)
    return QueryRequest(.group(group, asker: .stranger), inspecting: .init(.group(group)))
  }

  private static func receipts(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_ReceiptsRequest(frameBody: body)
    let conversation = try StreamKey(parsing: request.conversation)
    let user =
      conversation.kind == .user ? try requester.owner(request.user) : requester.user
    let name = MessageName(
      try MessageID(claimed: request.messageID), in: conversation, of: user)
    let after = request.after.isEmpty ? nil : try UserID(request.after)
    let query = Query.receipts(
      name, visible: nil, after: after, limit: limit(request.limit, Limits.receiptsPageMax))
    if name.conversation.kind == .group {
      return QueryRequest(query, inspecting: .init(name.conversation))
    }
    return QueryRequest(query)
  }
}
