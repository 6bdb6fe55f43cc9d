import DaybookModel
import DaybookSchema
import NIOCore
import WireProtocol

/// Questions that an operator asks of users, groups and streams as a whole: services may ask them of
/// all, and everybody of what is their own.
enum InspectionRequests {
  /// Throws as `QueryRequests.parse` does.
  static func parse(
    _ type: FrameType, _ body: ByteBuffer, by requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    switch type {
    case .user: try user(body, requester)
    case .memberships: try memberships(body, requester)
    case .offline: try offline(body, requester)
    case .users:
      try list(Daybook_V1_UsersRequest(frameBody: body), requester, from: UserID.init(_:)) {
        .users(after: $0, limit: $1)
      }
    case .groups:
      try list(Daybook_V1_GroupsRequest(frameBody: body), requester, from: GroupID.init(_:)) {
        .groups(after: $0, limit: $1)
      }
    case .streams:
      try list(
        Daybook_V1_StreamsRequest(frameBody: body), requester, from: StreamKey.init(parsing:)
      ) { .streams(after: $0, limit: $1) }
    default: throw CommandRequests.unknown(type)
    }
  }

  private static func user(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_UserRequest(frameBody: body)
    let after = request.after.isEmpty ? nil : try DeviceID(request.after)
    return QueryRequest(.user(try requester.owner(request.user), after: after))
  }

  private static func memberships(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_MembershipsRequest(frameBody: body)
    let limit = QueryRequests.limit(request.limit, Limits.membershipsPageMax)
    if request.group.isEmpty {
      let after = request.after.isEmpty ? nil : try GroupID(request.after)
      return QueryRequest(
        .membershipsOfUser(try requester.owner(request.user), after: after, limit: limit))
    }
    guard request.user.isEmpty else {
      throw DaybookError(
        .invalidRequest, "memberships are asked of a group or of a user: leave out one of them")
    }
    let group = try GroupID(request.group)
    let after = request.after.isEmpty ? nil : try UserID(request.after)
    return QueryRequest(
      .membershipsOfGroup(group, after: after, limit: limit, seesAll: false),
      inspecting: .init(.group(group)))
  }

  private static func offline(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_OfflineRequest(frameBody: body)
    let after = request.after.isEmpty ? nil : try StreamKey(parsing: request.after)
    return QueryRequest(
      .offline(
        try requester.owner(request.user), try DeviceID(request.device), after: after))
  }

  /// Throws what `key` throws for where the list is to go on.
  private static func list<Key>(
    _ request: some ListRequest, _ requester: Requester,
    from key: (String) throws(DaybookError) -> Key, _ query: (Key?, Int) -> Query
  ) throws(DaybookError) -> QueryRequest {
    try requester.requireService()
    let after = request.after.isEmpty ? nil : try key(request.after)
    return QueryRequest(query(after, QueryRequests.limit(request.limit, Limits.listPageMax)))
  }
}

/// Asks for a page of all that there is.
private protocol ListRequest {
  var after: String { get }
  var limit: UInt32 { get }
}

extension Daybook_V1_UsersRequest: ListRequest {}
extension Daybook_V1_GroupsRequest: ListRequest {}
extension Daybook_V1_StreamsRequest: ListRequest {}
