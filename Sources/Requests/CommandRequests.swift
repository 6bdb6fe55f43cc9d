package import DaybookModel
import DaybookSchema
package import NIOCore
import Ports
package import WireProtocol

/// What the bodies of command frames ask for. Whoever carries requests, over whatever, gets the same
/// from here.
package enum CommandRequests {
  /// `now` is from when on a message is kept. Throws `invalid_request`, `invalid_id`,
  /// `not_permitted`, `content_too_large`, and for what is no command `unknown_request_type`.
  package static func parse(
    _ type: FrameType, _ body: ByteBuffer, by requester: Requester, now: Timestamp
  ) throws(DaybookError) -> CommandRequest {
    switch type {
    case .send: try send(body, requester, now)
    case .recall: try recall(body, requester)
    case .edit: try edit(body, requester)
    case .react: try react(body, requester)
    case .forward: try forward(body, requester)
    case .read: try read(body, requester)
    case .clear: try clear(body, requester)
    case .createGroup: try createGroup(body, requester)
    case .changeGroup: try changeGroup(body, requester)
    case .join: try join(body, requester)
    case .leave: try leave(body, requester)
    case .invite: try invite(body, requester)
    case .remove: try remove(body, requester)
    case .admit: try admit(body, requester)
    case .refuse: try refuse(body, requester)
    case .changeRole: try changeRole(body, requester)
    case .silence: try silence(body, requester)
    case .dissolve: try dissolve(body, requester)
    case .block: try block(body, requester)
    case .mark: try mark(body, requester)
    case .forgetDevice: try forgetDevice(body, requester)
    case .revoke: try revoke(body, requester)
    default: throw unknown(type)
    }
  }

  package static func unknown(_ type: FrameType) -> DaybookError {
    DaybookError(.unknownRequestType, "this server knows no request of type \(type.rawValue)")
  }

  static func issuer(
    _ context: Daybook_V1_CommandContext, _ requester: Requester
  ) throws(DaybookError) -> Issuer {
    try requester.issuer(try CommandContext(context))
  }

  // MARK: in one's own mailbox

  private static func block(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_BlockRequest(frameBody: body)
    let issuer = try issuer(request.context, requester)
    return CommandRequest(
      issuer, .user(issuer.user), .block(try UserID(request.user), request.blocked))
  }

  private static func mark(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_MarkRequest(frameBody: body)
    let issuer = try issuer(request.context, requester)
    let change = MarksChange(
      isQuiet: request.hasQuiet ? request.quiet : nil,
      isPinned: request.hasPinned ? request.pinned : nil,
      isUnread: request.hasUnread ? request.unread : nil)
    return CommandRequest(
      issuer, .user(issuer.user), .mark(try StreamKey(parsing: request.conversation), change))
  }

  private static func forgetDevice(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_ForgetDeviceRequest(frameBody: body)
    let issuer = try issuer(request.context, requester)
    return CommandRequest(
      issuer, .user(issuer.user), .forgetDevice(try DeviceID(request.device)))
  }
}

extension String {
  /// What every screen and every file can show as it is.
  package var isPrintable: Bool { isPrintable(apartFrom: []) }

  func isPrintable(apartFrom allowed: Set<Unicode.Scalar>) -> Bool {
    unicodeScalars.allSatisfy { $0.properties.generalCategory != .control || allowed.contains($0) }
  }
}
