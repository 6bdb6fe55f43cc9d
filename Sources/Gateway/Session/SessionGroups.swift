import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// Commands about groups and their members. Whether they are allowed is the group's owner to say.
extension SessionMachine {
  mutating func createGroup(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_CreateGroupRequest(frameBody: frame.body)
    try SessionMachine.check(title: request.title, description: request.description_p)
    let settings = GroupSettings(
      title: request.title, description: request.description_p,
      joinPolicy: try SessionMachine.joinPolicy(request.joinPolicy),
      isHistoryShown: request.historyShown)
    submit(
      try issuer(of: frame, request.context), .group(try GroupID(request.group)),
      .createGroup(settings), &output)
  }

  mutating func changeGroup(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_ChangeGroupRequest(frameBody: frame.body)
    try SessionMachine.check(title: request.title, description: request.description_p)
    let change = GroupChange(
      title: request.hasTitle ? request.title : nil,
      description: request.hasDescription_p ? request.description_p : nil,
      joinPolicy: request.hasJoinPolicy ? try SessionMachine.joinPolicy(request.joinPolicy) : nil,
      isHistoryShown: request.hasHistoryShown ? request.historyShown : nil,
      isSilenced: request.hasSilenced ? request.silenced : nil)
    submit(
      try issuer(of: frame, request.context), .group(try GroupID(request.group)),
      .changeGroup(change), &output)
  }

  mutating func join(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_JoinRequest(frameBody: frame.body)
    submit(
      try issuer(of: frame, request.context), .group(try GroupID(request.group)), .join, &output)
  }

  mutating func leave(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_LeaveRequest(frameBody: frame.body)
    submit(
      try issuer(of: frame, request.context), .group(try GroupID(request.group)), .leave, &output)
  }

  mutating func invite(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_InviteRequest(frameBody: frame.body)
    submit(
      try issuer(of: frame, request.context), .group(try GroupID(request.group)),
      .invite(try UserID(request.user)), &output)
  }

  mutating func remove(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_RemoveRequest(frameBody: frame.body)
    submit(
      try issuer(of: frame, request.context), .group(try GroupID(request.group)),
      .remove(try UserID(request.user)), &output)
  }

  mutating func admit(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_AdmitRequest(frameBody: frame.body)
    submit(
      try issuer(of: frame, request.context), .group(try GroupID(request.group)),
      .admit(try UserID(request.user)), &output)
  }

  mutating func refuseMember(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_RefuseRequest(frameBody: frame.body)
    submit(
      try issuer(of: frame, request.context), .group(try GroupID(request.group)),
      .refuse(try UserID(request.user)), &output)
  }

  mutating func changeRole(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_ChangeRoleRequest(frameBody: frame.body)
    guard let role = UInt8(exactly: request.role.rawValue).flatMap(Role.init) else {
      throw DaybookError(.invalidRequest, "there is no role \(request.role.rawValue)")
    }
    submit(
      try issuer(of: frame, request.context), .group(try GroupID(request.group)),
      .changeRole(try UserID(request.user), role), &output)
  }

  mutating func silence(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_SilenceRequest(frameBody: frame.body)
    submit(
      try issuer(of: frame, request.context), .group(try GroupID(request.group)),
      .silence(try UserID(request.user), request.silenced), &output)
  }

  mutating func dissolve(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_DissolveRequest(frameBody: frame.body)
    submit(
      try issuer(of: frame, request.context), .group(try GroupID(request.group)), .dissolve,
      &output)
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
