import DaybookModel
import DaybookSchema
import NIOCore
import SwiftProtobuf
import WireProtocol

extension IssuedCommand {
  /// The whole frame.
  func writeFrame(sequence: UInt32, to buffer: inout ByteBuffer) {
    switch body {
    case .send(let to, let message, let extras):
      let context = CommandContext(
        origin: origin, number: number, actingFor: actingFor, isGapless: isGapless,
        traceID: traceID)
      SendRequest(
        context: context, to: to, content: message.content, clientTime: message.clientTime,
        senderName: message.senderName, extras: extras
      ).writeFrame(sequence: sequence, to: &buffer)
    case .edit(let conversation, let id, let content):
      let request = about(conversation, Daybook_V1_EditRequest.self) { $0.messageID = id.rawValue }
      buffer.writeFrame(.edit, sequence: sequence) { body in
        body.writeBytes(request.wireBytes())
        // The content goes as the bytes that it is, behind the other fields.
        body.writeWithUnsafeMutableBytes(minimumWritableBytes: content.readableBytes + 16) {
          var writer = ProtobufWriter($0)
          writer.message(4, content)
          return writer.count
        }
      }
    default:
      let (type, request) = request
      buffer.writeFrame(type, sequence: sequence, body: ByteBuffer(bytes: request.wireBytes()))
    }
  }

  /// Of those that are one generated message as a whole.
  private var request: (FrameType, any SwiftProtobuf.Message) {
    switch body {
    case .send, .edit: preconditionFailure("what has content is written by `writeFrame`")
    case .read(let of, let upTo):
      (.read, about(of, Daybook_V1_ReadRequest.self) { $0.upToSeq = upTo.rawValue })
    case .recall(let of, let id):
      (.recall, about(of, Daybook_V1_RecallRequest.self) { $0.messageID = id.rawValue })
    case .react(let of, let id, let reaction, let isRemoved):
      (.react, react(of, id, reaction, isRemoved))
    case .forward(let to, let of, let id):
      (
        .forward,
        about(of, Daybook_V1_ForwardRequest.self) {
          $0.to = to.text
          $0.messageID = id.rawValue
        }
      )
    case .mark(let of, let change): (.mark, mark(of, change))
    case .clear(let of, let upTo):
      (.clear, about(of, Daybook_V1_ClearRequest.self) { $0.upToSeq = upTo.rawValue })
    case .createGroup(let group, let settings): (.createGroup, create(group, settings))
    case .changeGroup(let group, let change): (.changeGroup, changeGroup(group, change))
    case .join(let group): (.join, of(group, Daybook_V1_JoinRequest.self))
    case .leave(let group): (.leave, of(group, Daybook_V1_LeaveRequest.self))
    case .dissolve(let group): (.dissolve, of(group, Daybook_V1_DissolveRequest.self))
    case .invite(let group, let user): (.invite, of(group, user, Daybook_V1_InviteRequest.self))
    case .remove(let group, let user): (.remove, of(group, user, Daybook_V1_RemoveRequest.self))
    case .admit(let group, let user): (.admit, of(group, user, Daybook_V1_AdmitRequest.self))
    case .refuse(let group, let user): (.refuse, of(group, user, Daybook_V1_RefuseRequest.self))
    case .changeRole(let group, let user, let role):
      (
        .changeRole,
        of(group, user, Daybook_V1_ChangeRoleRequest.self) { $0.role = role.wire }
      )
    case .silence(let group, let user, let isSilenced):
      (.silence, of(group, user, Daybook_V1_SilenceRequest.self) { $0.silenced = isSilenced })
    case .block(let user, let isBlocked): (.block, block(user, isBlocked))
    case .forgetDevice(let device): (.forgetDevice, forget(device))
    case .revokeTokens(let user, let service, let device, let tokenID):
      (.revoke, revoke(user, service, device, tokenID))
    }
  }

  // MARK: those with fields of their own

  private func react(
    _ conversation: StreamKey, _ id: MessageID, _ reaction: String, _ isRemoved: Bool
  ) -> Daybook_V1_ReactRequest {
    about(conversation, Daybook_V1_ReactRequest.self) {
      $0.messageID = id.rawValue
      $0.reaction = reaction
      $0.remove = isRemoved
    }
  }

  private func mark(
    _ conversation: StreamKey, _ change: MarksChange
  ) -> Daybook_V1_MarkRequest {
    about(conversation, Daybook_V1_MarkRequest.self) {
      if let isQuiet = change.isQuiet { $0.quiet = isQuiet }
      if let isPinned = change.isPinned { $0.pinned = isPinned }
      if let isUnread = change.isUnread { $0.unread = isUnread }
    }
  }

  private func create(
    _ group: GroupID, _ settings: GroupSettings
  ) -> Daybook_V1_CreateGroupRequest {
    of(group, Daybook_V1_CreateGroupRequest.self) {
      $0.title = settings.title
      $0.description_p = settings.description
      $0.joinPolicy = settings.joinPolicy.wire
      $0.historyShown = settings.isHistoryShown
    }
  }

  private func changeGroup(
    _ group: GroupID, _ change: GroupChange
  ) -> Daybook_V1_ChangeGroupRequest {
    of(group, Daybook_V1_ChangeGroupRequest.self) {
      if let title = change.title { $0.title = title }
      if let description = change.description { $0.description_p = description }
      if let policy = change.joinPolicy { $0.joinPolicy = policy.wire }
      if let isHistoryShown = change.isHistoryShown { $0.historyShown = isHistoryShown }
      if let isSilenced = change.isSilenced { $0.silenced = isSilenced }
    }
  }

  private func block(_ user: UserID, _ isBlocked: Bool) -> Daybook_V1_BlockRequest {
    .with {
      $0.context = context
      $0.user = user.text
      $0.blocked = isBlocked
    }
  }

  private func forget(_ device: DeviceID) -> Daybook_V1_ForgetDeviceRequest {
    .with {
      $0.context = context
      $0.device = device.text
    }
  }

  private func revoke(
    _ user: UserID?, _ service: ServiceID?, _ device: DeviceID?, _ tokenID: String
  ) -> Daybook_V1_RevokeRequest {
    .with {
      $0.context = context
      $0.user = user?.text ?? ""
      $0.service = service?.text ?? ""
      $0.device = device?.text ?? ""
      $0.tokenID = tokenID
    }
  }

  // MARK: what many have

  private func about<Request: ConversationRequest>(
    _ conversation: StreamKey, _ type: Request.Type, _ fill: (inout Request) -> Void
  ) -> Request {
    var request = Request()
    request.context = context
    request.conversation = conversation.text
    fill(&request)
    return request
  }

  private func of<Request: GroupRequest>(
    _ group: GroupID, _ type: Request.Type, _ fill: (inout Request) -> Void = { _ in }
  ) -> Request {
    var request = Request()
    request.context = context
    request.group = group.text
    fill(&request)
    return request
  }

  private func of<Request: MemberRequest>(
    _ group: GroupID, _ user: UserID, _ type: Request.Type,
    _ fill: (inout Request) -> Void = { _ in }
  ) -> Request {
    of(group, type) {
      $0.user = user.text
      fill(&$0)
    }
  }

  private var context: Daybook_V1_CommandContext {
    .with {
      if let origin { $0.origin.append(contentsOf: origin.bytes) }
      $0.number = number
      if let actingFor { $0.actingFor = actingFor.text }
      $0.gapless = isGapless
      if let traceID { $0.traceID.append(contentsOf: traceID.bytes) }
    }
  }
}

private protocol ContextRequest: SwiftProtobuf.Message {
  var context: Daybook_V1_CommandContext { get set }
}

private protocol ConversationRequest: ContextRequest { var conversation: String { get set } }
private protocol GroupRequest: ContextRequest { var group: String { get set } }
private protocol MemberRequest: GroupRequest { var user: String { get set } }

extension Daybook_V1_ReadRequest: ConversationRequest {}
extension Daybook_V1_RecallRequest: ConversationRequest {}
extension Daybook_V1_EditRequest: ConversationRequest {}
extension Daybook_V1_ReactRequest: ConversationRequest {}
extension Daybook_V1_ForwardRequest: ConversationRequest {}
extension Daybook_V1_MarkRequest: ConversationRequest {}
extension Daybook_V1_ClearRequest: ConversationRequest {}
extension Daybook_V1_CreateGroupRequest: GroupRequest {}
extension Daybook_V1_ChangeGroupRequest: GroupRequest {}
extension Daybook_V1_JoinRequest: GroupRequest {}
extension Daybook_V1_LeaveRequest: GroupRequest {}
extension Daybook_V1_DissolveRequest: GroupRequest {}
extension Daybook_V1_InviteRequest: MemberRequest {}
extension Daybook_V1_RemoveRequest: MemberRequest {}
extension Daybook_V1_AdmitRequest: MemberRequest {}
extension Daybook_V1_RefuseRequest: MemberRequest {}
extension Daybook_V1_ChangeRoleRequest: MemberRequest {}
extension Daybook_V1_SilenceRequest: MemberRequest {}

extension Role {
  fileprivate var wire: Daybook_V1_Role {
    switch self {
    case .member: .member
    case .admin: .admin
    case .owner: .owner
    }
  }
}

extension JoinPolicy {
  fileprivate var wire: Daybook_V1_JoinPolicy {
    switch self {
    case .open: .open
    case .approval: .approval
    case .invitation: .invitation
    }
  }
}
