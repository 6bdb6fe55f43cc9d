import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// Commands about groups and their members. Whether they are allowed is the group's owner to say.
extension CommandRequests {
  /// A command of which the group's owner makes the rest.
  private static func about(
    _ group: String, _ context: Daybook_V1_CommandContext, _ requester: Requester,
    _ body: () throws(DaybookError) -> Command.Body
  ) throws(DaybookError) -> CommandRequest {
    let issuer = try issuer(context, requester)
    return CommandRequest(issuer, .group(try GroupID(group)), try body())
  }

  static func createGroup(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_CreateGroupRequest(frameBody: body)
    try check(title: request.title, description: request.description_p)
    let settings = GroupSettings(
      title: request.title, description: request.description_p,
      joinPolicy: try joinPolicy(request.joinPolicy), isHistoryShown: request.historyShown)
    return try about(request.group, request.context, requester) { () throws(DaybookError) in
      .createGroup(settings)
    }
  }

  static func changeGroup(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_ChangeGroupRequest(frameBody: body)
    try check(title: request.title, description: request.description_p)
    let change = GroupChange(
      title: request.hasTitle ? request.title : nil,
      description: request.hasDescription_p ? request.description_p : nil,
      joinPolicy: request.hasJoinPolicy ? try joinPolicy(request.joinPolicy) : nil,
      isHistoryShown: request.hasHistoryShown ? request.historyShown : nil,
      isSilenced: request.hasSilenced ? request.silenced : nil)
    return try about(request.group, request.context, requester) { () throws(DaybookError) in
      .changeGroup(change)
    }
  }

  static func join(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_JoinRequest(frameBody: body)
    return try about(request.group, request.context, requester) { () throws(DaybookError) in
      .join
    }
  }

  static func leave(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_LeaveRequest(frameBody: body)
    return try about(request.group, request.context, requester) { () throws(DaybookError) in
      .leave
    }
  }

  static func invite(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_InviteRequest(frameBody: body)
    return try about(request.group, request.context, requester) { () throws(DaybookError) in
      .invite(try UserID(request.user))
    }
  }

  static func remove(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_RemoveRequest(frameBody: body)
    return try about(request.group, request.context, requester) { () throws(DaybookError) in
      .remove(try UserID(request.user))
    }
  }

  static func admit(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_AdmitRequest(frameBody: body)
    return try about(request.group, request.context, requester) { () throws(DaybookError) in
      .admit(try UserID(request.user))
    }
  }

  static func refuse(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_RefuseRequest(frameBody: body)
    return try about(request.group, request.context, requester) { () throws(DaybookError) in
      .refuse(try UserID(request.user))
    }
  }

  static func changeRole(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_ChangeRoleRequest(frameBody: body)
    guard let role = UInt8(exactly: request.role.rawValue).flatMap(Role.init) else {
      throw DaybookError(.invalidRequest, "there is no role \(request.role.rawValue)")
    }
    return try about(request.group, request.context, requester) { () throws(DaybookError) in
      .changeRole(try UserID(request.user), role)
    }
  }

  static func silence(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_SilenceRequest(frameBody: body)
    return try about(request.group, request.context, requester) { () throws(DaybookError) in
      .silence(try UserID(request.user), request.silenced)
    }
  }

  static func dissolve(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_DissolveRequest(frameBody: body)
    return try about(request.group, request.context, requester) { () throws(DaybookError) in
      .dissolve
    }
  }

  private static func check(title: String, description: String) throws(DaybookError) {
    guard title.utf8.count <= Limits.titleBytesMax else {
      throw DaybookError(.contentTooLarge, "a title has at most \(Limits.titleBytesMax) bytes")
    }
    guard description.utf8.count <= Limits.descriptionBytesMax else {
      throw DaybookError(
        .contentTooLarge, "a description has at most \(Limits.descriptionBytesMax) bytes")
    }
    // Lines of a description are its own.
    guard title.isPrintable, description.isPrintable(apartFrom: ["\n", "\r", "\t"]) else {
      throw DaybookError(.invalidRequest, "titles and descriptions have no control characters")
    }
  }

  private static func joinPolicy(
    _ policy: Daybook_V1_JoinPolicy
  ) throws(DaybookError) -> JoinPolicy {
    guard let known = UInt8(exactly: policy.rawValue).flatMap(JoinPolicy.init) else {
      throw DaybookError(.invalidRequest, "there is no join policy \(policy.rawValue)")
    }
    return known
  }
}
