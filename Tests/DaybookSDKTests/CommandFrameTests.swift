import DaybookModel
import DaybookSchema
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@testable import DaybookSDK

@Suite("A command's frame")
struct CommandFrameTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var body: IssuedCommand.Body
    var type: FrameType
    /// In protobuf's JSON, without the context that all have.
    var request: String
    var decode: @Sendable (ByteBuffer) throws -> any SwiftProtobuf.Message

    init<Request: SwiftProtobuf.Message>(
      _ body: IssuedCommand.Body, _ type: FrameType, _ request: Request.Type, _ json: String
    ) {
      self.body = body
      self.type = type
      self.request = json
      decode = { try Request(frameBody: $0) }
    }

    var testDescription: String { "\(body)" }
  }

  private static let bob = UserID(checked: "bob")
  private static let toBob = StreamKey.user(bob)
  private static let team = GroupID(checked: "team")
  private static let id = MessageID(7)

  static let messageCases = [
    Case(
      .send(
        to: .group(team), Message(content: ContentCoding.text("hi")),
        SendExtras(
          replyTo: id, mentions: [bob], mentionsEveryone: true, keepDays: 3, isTransient: true)),
      .send, Daybook_V1_SendRequest.self,
      """
      {"to":"group/team","content":{"plain":{"body":"aGk="}},"replyTo":"7","mentions":["bob"],\
      "mentionsEveryone":true,"keepDays":3,"transient":true}
      """),
    Case(
      .send(to: toBob, Message(content: ContentCoding.text("hi"))), .send,
      Daybook_V1_SendRequest.self,
      #"{"to":"user/bob","content":{"plain":{"body":"aGk="}}}"#),
    Case(
      .read(conversation: toBob, upTo: Seq(3)), .read, Daybook_V1_ReadRequest.self,
      #"{"conversation":"user/bob","upToSeq":"3"}"#),
    Case(
      .recall(conversation: toBob, id), .recall, Daybook_V1_RecallRequest.self,
      #"{"conversation":"user/bob","messageId":"7"}"#),
    Case(
      .edit(conversation: toBob, id, content: ContentCoding.text("hi")), .edit,
      Daybook_V1_EditRequest.self,
      #"{"conversation":"user/bob","messageId":"7","content":{"plain":{"body":"aGk="}}}"#),
    Case(
      .react(conversation: toBob, id, reaction: "+1", isRemoved: false), .react,
      Daybook_V1_ReactRequest.self,
      #"{"conversation":"user/bob","messageId":"7","reaction":"+1"}"#),
    Case(
      .react(conversation: toBob, id, reaction: "+1", isRemoved: true), .react,
      Daybook_V1_ReactRequest.self,
      #"{"conversation":"user/bob","messageId":"7","reaction":"+1","remove":true}"#),
    Case(
      .forward(to: .group(team), conversation: toBob, id), .forward,
      Daybook_V1_ForwardRequest.self,
      #"{"to":"group/team","conversation":"user/bob","messageId":"7"}"#),
  ]

  static let groupCases = [
    Case(
      .createGroup(
        team,
        GroupSettings(
          title: "T", description: "D", joinPolicy: .invitation, isHistoryShown: true)),
      .createGroup, Daybook_V1_CreateGroupRequest.self,
      """
      {"group":"team","title":"T","description":"D","joinPolicy":"JOIN_POLICY_INVITATION",\
      "historyShown":true}
      """),
    Case(
      .changeGroup(team, GroupChange(title: "", isSilenced: false)), .changeGroup,
      Daybook_V1_ChangeGroupRequest.self, #"{"group":"team","title":"","silenced":false}"#),
    Case(
      .changeGroup(
        team, GroupChange(description: "D", joinPolicy: .open, isHistoryShown: false)),
      .changeGroup, Daybook_V1_ChangeGroupRequest.self,
      """
      {"group":"team","description":"D","joinPolicy":"JOIN_POLICY_OPEN","historyShown":false}
      """),
    Case(.join(team), .join, Daybook_V1_JoinRequest.self, #"{"group":"team"}"#),
    Case(.leave(team), .leave, Daybook_V1_LeaveRequest.self, #"{"group":"team"}"#),
    Case(.dissolve(team), .dissolve, Daybook_V1_DissolveRequest.self, #"{"group":"team"}"#),
    Case(
      .invite(team, bob), .invite, Daybook_V1_InviteRequest.self,
      #"{"group":"team","user":"bob"}"#),
    Case(
      .remove(team, bob), .remove, Daybook_V1_RemoveRequest.self,
      #"{"group":"team","user":"bob"}"#),
    Case(
      .admit(team, bob), .admit, Daybook_V1_AdmitRequest.self, #"{"group":"team","user":"bob"}"#),
    Case(
      .refuse(team, bob), .refuse, Daybook_V1_RefuseRequest.self,
      #"{"group":"team","user":"bob"}"#),
    Case(
      .changeRole(team, bob, .owner), .changeRole, Daybook_V1_ChangeRoleRequest.self,
      #"{"group":"team","user":"bob","role":"ROLE_OWNER"}"#),
    Case(
      .changeRole(team, bob, .member), .changeRole, Daybook_V1_ChangeRoleRequest.self,
      #"{"group":"team","user":"bob"}"#),
    Case(
      .silence(team, bob, true), .silence, Daybook_V1_SilenceRequest.self,
      #"{"group":"team","user":"bob","silenced":true}"#),
    Case(
      .silence(team, bob, false), .silence, Daybook_V1_SilenceRequest.self,
      #"{"group":"team","user":"bob"}"#),
  ]

  static let ownCases = [
    Case(
      .block(bob, true), .block, Daybook_V1_BlockRequest.self, #"{"user":"bob","blocked":true}"#),
    Case(.block(bob, false), .block, Daybook_V1_BlockRequest.self, #"{"user":"bob"}"#),
    Case(
      .mark(conversation: toBob, MarksChange(isQuiet: true, isUnread: false)), .mark,
      Daybook_V1_MarkRequest.self, #"{"conversation":"user/bob","quiet":true,"unread":false}"#),
    Case(
      .mark(conversation: toBob, MarksChange(isPinned: true)), .mark, Daybook_V1_MarkRequest.self,
      #"{"conversation":"user/bob","pinned":true}"#),
    Case(
      .clear(conversation: toBob, upTo: Seq(3)), .clear, Daybook_V1_ClearRequest.self,
      #"{"conversation":"user/bob","upToSeq":"3"}"#),
    Case(
      .forgetDevice(DeviceID(checked: "tablet")), .forgetDevice,
      Daybook_V1_ForgetDeviceRequest.self, #"{"device":"tablet"}"#),
    Case(
      .revokeTokens(user: bob, service: nil, device: DeviceID(checked: "tablet"), tokenID: ""),
      .revoke, Daybook_V1_RevokeRequest.self, #"{"user":"bob","device":"tablet"}"#),
    Case(
      .revokeTokens(
        user: nil, service: ServiceID(checked: "crm"), device: nil, tokenID: "id"),
      .revoke, Daybook_V1_RevokeRequest.self, #"{"service":"crm","tokenId":"id"}"#),
  ]

  private func frame(_ command: IssuedCommand) throws -> Frame? {
    var buffer = ByteBuffer()
    command.writeFrame(sequence: 5, to: &buffer)
    var decoder = FrameDecoder()
    decoder.append(buffer)
    let frame = try decoder.next()
    #expect(try decoder.next() == nil)
    return frame
  }

  @Test("says what the command says", arguments: messageCases + groupCases + ownCases)
  func body(_ one: Case) throws {
    let frame = try #require(try frame(IssuedCommand(number: 3, body: one.body)))
    #expect(frame.type == one.type && frame.sequence == 5)
    let json = try one.decode(frame.body).jsonString()
    let context = #"{"context":{"number":"3"},"#
    #expect(json == context + one.request.dropFirst())
  }

  @Test("names whom a service acts for, and an origin of the command's own")
  func context() throws {
    let command = IssuedCommand(
      origin: Origin([1, 2]), number: 9, actingFor: Self.bob, body: .dissolve(Self.team))
    let frame = try #require(try frame(command))
    let context = try Daybook_V1_DissolveRequest(frameBody: frame.body).context
    #expect(context.number == 9 && context.actingFor == "bob")
    #expect(Array(context.origin) == [1, 2])
  }

  @Test("is answered whatever the command is", arguments: messageCases + groupCases + ownCases)
  func answered(_ one: Case) {
    var server = Peer()
    server.connect()
    server.core.issue(one.body, token: 8)
    server.core.flush()
    server.reply(to: server.take().sequences.last!, one.type)
    #expect(server.take().answered == [8])
  }

  @Test("has an answer for every question", arguments: FrameType.queries)
  func questions(type: FrameType) {
    var server = Peer()
    server.connect()
    server.core.query(4, type, body: ByteBuffer())
    let sequence = server.take().sequences.last!
    server.core.receive(Frame(type: type.reply, sequence: sequence, body: ByteBuffer()))
    #expect(server.take().questionsAnswered == [4])
  }
}
