import DaybookModel
import DaybookSchema
import FoundationEssentials
import GRPCCore
import LogRPC
import Ports

/// `Feed` of `service.proto`.
struct FeedService: Daybook_V1_Feed.ServiceProtocol {
  let conditions: FeedConditions
  let callers: Callers

  func follow(
    request: ServerRequest<Daybook_V1_FollowRequest>, context: ServerContext
  ) async throws -> StreamingServerResponse<Daybook_V1_FollowReply> {
    let caller = try await callers.caller(request.metadata)
    let follower = try await asRPC { () async throws(DaybookError) in
      try await FeedFollower(request.message, conditions)
    }
    return StreamingServerResponse { writer in
      var follower = follower
      do {
        try await follower.run(until: caller.expiresAt) { try await writer.write($0) }
      } catch let error as DaybookError {
        throw error.asRPCError
      }
      return [:]
    }
  }

  func savePosition(
    request: ServerRequest<Daybook_V1_SavePositionRequest>, context: ServerContext
  ) async throws -> ServerResponse<Daybook_V1_NamedPosition> {
    _ = try await callers.caller(request.metadata)
    let (conditions, asked) = (conditions, request.message)
    let stored = try await asRPC { () async throws(DaybookError) in
      try await conditions.blocking { () throws(DaybookError) in
        try FeedService.checkName(asked.name)
        // What nobody could go on with is not kept.
        _ = try FeedPositions(token: asked.position, of: conditions.log)
        let now = conditions.clock.now()
        try conditions.positions.save(asked.position, as: asked.name, at: now)
        return StoredPosition(name: asked.name, position: asked.position, savedAt: now)
      }
    }
    return ServerResponse(message: stored.message)
  }

  func getPosition(
    request: ServerRequest<Daybook_V1_GetPositionRequest>, context: ServerContext
  ) async throws -> ServerResponse<Daybook_V1_NamedPosition> {
    _ = try await callers.caller(request.metadata)
    let (conditions, name) = (conditions, request.message.name)
    let stored = try await asRPC { () async throws(DaybookError) in
      try await conditions.blocking { () throws(DaybookError) in
        try FeedService.checkName(name)
        guard let stored = try conditions.positions.position(name) else {
          throw DaybookError(
            .positionNotFound, "no position is kept as \(PrintableText.quoted(name))")
        }
        return stored
      }
    }
    return ServerResponse(message: stored.message)
  }

  func deletePosition(
    request: ServerRequest<Daybook_V1_DeletePositionRequest>, context: ServerContext
  ) async throws -> ServerResponse<Daybook_V1_DeletePositionReply> {
    _ = try await callers.caller(request.metadata)
    let (conditions, name) = (conditions, request.message.name)
    var reply = Daybook_V1_DeletePositionReply()
    reply.deleted = try await asRPC { () async throws(DaybookError) in
      try await conditions.blocking { () throws(DaybookError) in
        try FeedService.checkName(name)
        return try conditions.positions.delete(name)
      }
    }
    return ServerResponse(message: reply)
  }

  func listPositions(
    request: ServerRequest<Daybook_V1_ListPositionsRequest>, context: ServerContext
  ) async throws -> ServerResponse<Daybook_V1_ListPositionsReply> {
    _ = try await callers.caller(request.metadata)
    let conditions = conditions
    var reply = Daybook_V1_ListPositionsReply()
    reply.positions = try await asRPC { () async throws(DaybookError) in
      try await conditions.blocking { () throws(DaybookError) in try conditions.positions.all() }
    }.map(\.message)
    return ServerResponse(message: reply)
  }

  private static func checkName(_ name: String) throws(DaybookError) {
    // As any other id: what it names is shown in lists and stands in files.
    _ = try ServiceID(name)
  }
}

extension StoredPosition {
  fileprivate var message: Daybook_V1_NamedPosition {
    var message = Daybook_V1_NamedPosition()
    message.name = name
    message.position = position
    message.savedAtMs = savedAt.milliseconds
    return message
  }
}

/// What is wrong goes over gRPC as errors.yaml has it.
func asRPC<Value>(_ work: () async throws(DaybookError) -> Value) async throws -> Value {
  do throws(DaybookError) {
    return try await work()
  } catch {
    throw error.asRPCError
  }
}
