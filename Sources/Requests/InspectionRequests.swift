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
    case .users: try users(body, requester)
    case .groups: try groups(body, requester)
    case .streams: try streams(body, requester)
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

  private static func users(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_UsersRequest(frameBody: body)
    try requester.requireService()
    let after = request.after.isEmpty ? nil : try UserID(request.after)
    return QueryRequest(
      .users(after: after, limit: QueryRequests.limit(request.limit, Limits.listPageMax)))
  }

  private static func groups(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_GroupsRequest(frameBody: body)
    try requester.requireService()
    let after = request.after.isEmpty ? nil : try GroupID(request.after)
    return QueryRequest(
      .groups(after: after, limit: QueryRequests.limit(request.limit, Limits.listPageMax)))
  }

  private static func streams(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> QueryRequest {
    let request = try Daybook_V1_StreamsRequest(frameBody: body)
    try requester.requireService()
    let after = request.after.isEmpty ? nil : try StreamKey(parsing: request.after)
    return QueryRequest(
      .streams(after: after, limit: QueryRequests.limit(request.limit, Limits.listPageMax)))
  }
}
