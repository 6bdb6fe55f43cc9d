import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

/// A request that becomes one command, whose owner decides.
struct CommandFrame: Sendable, CustomTestStringConvertible {
  var type: FrameType
  var body: [UInt8]
  var stream: String
  var says: String
  var testDescription: String { says }

  init(_ type: FrameType, _ body: some SwiftProtobuf.Message, _ stream: String, _ says: String) {
    (self.type, self.body, self.stream, self.says) = (type, body.wireBytes(), stream, says)
  }
}

extension Command.Body {
  /// As these tests write it.
  var words: String {
    switch self {
    case .createGroup(let settings): "create \(settings.words)"
    case .changeGroup(let change):
      """
      change \(change.title ?? "-") \(change.description ?? "-") \
      \(change.joinPolicy?.name ?? "-") \(change.isHistoryShown.map { "\($0)" } ?? "-") \
      \(change.isSilenced.map { "\($0)" } ?? "-")
      """
    case .join: "join"
    case .leave: "leave"
    case .invite(let user): "invite \(user)"
    case .remove(let user): "remove \(user)"
    case .admit(let user): "admit \(user)"
    case .refuse(let user): "refuse \(user)"
    case .changeRole(let user, let role): "role \(user) \(role.name)"
    case .silence(let user, let on): "silence \(user) \(on)"
    case .dissolve: "dissolve"
    case .block(let user, let on): "block \(user) \(on)"
    case .mark(let conversation, let change):
      """
      mark \(conversation) \(change.isQuiet.map { "\($0)" } ?? "-") \
      \(change.isPinned.map { "\($0)" } ?? "-") \(change.isUnread.map { "\($0)" } ?? "-")
      """
    case .clear(let peer, let upTo): "clear \(peer?.text ?? "-") \(upTo)"
    case .read(let peer, let upTo): "read \(peer?.text ?? "-") \(upTo)"
    case .forgetDevice(let device): "forget \(device)"
    case .revokeTokens(let device, let id, let isOfService):
      "revoke \(device?.text ?? "-") '\(id)' \(isOfService ? "of the service" : "of the user")"
    default: "\(self)"
    }
  }
}

extension GroupSettings {
  var words: String {
    "\(title) \(description) \(joinPolicy.name) \(isHistoryShown) \(isSilenced)"
  }
}

@Suite("commands", .timeLimit(.minutes(30)))
struct CommandFrameTests {
  static let groups: [CommandFrame] = [
    CommandFrame(
      .createGroup,
      Daybook_V1_CreateGroupRequest.with {
        ($0.context, $0.group, $0.title) = (Requests.command(1), "g", "T")
        ($0.description_p, $0.joinPolicy, $0.historyShown) = ("D", .approval, true)
      }, "group/g", "create T D approval true false"),
    CommandFrame(
      .changeGroup,
      Daybook_V1_ChangeGroupRequest.with {
        ($0.context, $0.group, $0.title) = (Requests.command(1), "g", "")
        ($0.joinPolicy, $0.silenced) = (.open, true)
      }, "group/g", "change  - open - true"),
    CommandFrame(
      .changeGroup,
      Daybook_V1_ChangeGroupRequest.with {
        ($0.context, $0.group, $0.description_p) = (Requests.command(1), "g", "D")
        $0.historyShown = false
      }, "group/g", "change - D - false -"),
    CommandFrame(.join, Requests.join("g", number: 1), "group/g", "join"),
    CommandFrame(.leave, Requests.leave("g", number: 1), "group/g", "leave"),
    CommandFrame(
      .invite,
      Daybook_V1_InviteRequest.with {
        ($0.context, $0.group, $0.user) = (Requests.command(1), "g", "carol")
      }, "group/g", "invite carol"),
    CommandFrame(
      .remove,
      Daybook_V1_RemoveRequest.with {
        ($0.context, $0.group, $0.user) = (Requests.command(1), "g", "carol")
      }, "group/g", "remove carol"),
    CommandFrame(
      .admit,
      Daybook_V1_AdmitRequest.with {
        ($0.context, $0.group, $0.user) = (Requests.command(1), "g", "carol")
      }, "group/g", "admit carol"),
    CommandFrame(
      .refuse,
      Daybook_V1_RefuseRequest.with {
        ($0.context, $0.group, $0.user) = (Requests.command(1), "g", "carol")
      }, "group/g", "refuse carol"),
    CommandFrame(
      .changeRole,
      Daybook_V1_ChangeRoleRequest.with {
        ($0.context, $0.group, $0.user) = (Requests.command(1), "g", "carol")
        $0.role = .admin
      }, "group/g", "role carol admin"),
    CommandFrame(
      .silence,
      Daybook_V1_SilenceRequest.with {
        ($0.context, $0.group, $0.user) = (Requests.command(1), "g", "carol")
        $0.silenced = true
      }, "group/g", "silence carol true"),
    CommandFrame(
      .dissolve,
      Daybook_V1_DissolveRequest.with { ($0.context, $0.group) = (Requests.command(1), "g") },
      "group/g", "dissolve"),
  ]

  static let people: [CommandFrame] = [
    CommandFrame(
      .block,
      Daybook_V1_BlockRequest.with {
        ($0.context, $0.user, $0.blocked) = (Requests.command(1), "carol", true)
      }, "user/bob", "block carol true"),
    CommandFrame(
      .block,
      Daybook_V1_BlockRequest.with { ($0.context, $0.user) = (Requests.command(1), "carol") },
      "user/bob", "block carol false"),
    CommandFrame(
      .mark,
      Daybook_V1_MarkRequest.with {
        ($0.context, $0.conversation) = (Requests.command(1), "group/g")
        ($0.quiet, $0.unread) = (true, false)
      }, "user/bob", "mark group/g true - false"),
    CommandFrame(
      .mark,
      Daybook_V1_MarkRequest.with {
        ($0.context, $0.conversation, $0.pinned) = (Requests.command(1), "user/carol", true)
      }, "user/bob", "mark user/carol - true -"),
    CommandFrame(
      .clear,
      Daybook_V1_ClearRequest.with {
        ($0.context, $0.conversation, $0.upToSeq) = (Requests.command(1), "user/carol", 7)
      }, "user/bob", "clear carol 7"),
    CommandFrame(
      .clear,
      Daybook_V1_ClearRequest.with {
        ($0.context, $0.conversation, $0.upToSeq) = (Requests.command(1), "group/g", 7)
      }, "group/g", "clear - 7"),
    CommandFrame(
      .read,
      Daybook_V1_ReadRequest.with {
        ($0.context, $0.conversation, $0.upToSeq) = (Requests.command(1), "user/carol", 7)
      }, "user/bob", "read carol 7"),
    CommandFrame(
      .forgetDevice,
      Daybook_V1_ForgetDeviceRequest.with {
        ($0.context, $0.device) = (Requests.command(1), "old")
      }, "user/bob", "forget old"),
  ]

  /// Of a service that acts for nobody.
  static let operators: [CommandFrame] = [
    CommandFrame(
      .revoke,
      Daybook_V1_RevokeRequest.with { ($0.context, $0.user) = (Requests.command(1), "carol") },
      "user/carol", "revoke - '' of the user"),
    CommandFrame(
      .revoke,
      Daybook_V1_RevokeRequest.with {
        ($0.context, $0.user, $0.device) = (Requests.command(1), "carol", "phone")
      }, "user/carol", "revoke phone '' of the user"),
    CommandFrame(
      .revoke,
      Daybook_V1_RevokeRequest.with {
        ($0.context, $0.service, $0.tokenID) = (Requests.command(1), "crm", "a b")
      }, "user/crm", "revoke - 'a b' of the service"),
  ]

  /// What is left out of the table needs its message found first.
  @Test("every command's frame is known here")
  func allTypes() {
    let tested = Set(
      (CommandFrameTests.groups + CommandFrameTests.people + CommandFrameTests.operators).map(
        \.type))
    #expect(tested.union([.send, .recall, .edit, .react, .forward]) == FrameType.commands)
  }

  private func ask(_ client: TestClient, _ frame: CommandFrame) async throws -> Frame {
    client.sequence += 1
    var buffer = ByteBuffer()
    buffer.writeFrame(frame.type, sequence: client.sequence, body: ByteBuffer(bytes: frame.body))
    try await client.write(buffer)
    while true {
      let reply = try await client.next()
      if reply.sequence == client.sequence { return reply }
    }
  }

  @Test(
    "a frame becomes a command of its stream, by the session's user and under its number",
    arguments: groups + people)
  func becomesCommand(_ frame: CommandFrame) async throws {
    try await GatewayFixture.run { fixture in
      fixture.daybook.state.withLockedValue {
        $0.answer = CommandResult(
          messageID: MessageID(5), seq: Seq(6), recordedAt: Timestamp(milliseconds: 7),
          repeated: true, changed: false, pending: true)
      }
      let (bob, _) = try await fixture.live("bob:phone")
      let reply = try await ask(bob, frame)
      try #require(reply.type == frame.type.reply)
      #expect(
        try CommandReply(frameBody: reply.body)
          == CommandReply(
            messageID: MessageID(5), seq: Seq(6), recordedAt: Timestamp(milliseconds: 7),
            repeated: true, changed: false, pending: true))
      let command = try #require(fixture.daybook.commandsNow { $0.id != nil }.first)
      #expect(command.stream.text == frame.stream && command.body.words == frame.says)
      #expect(command.id == NumberedOrigin(origin: Origin("bob:phone".utf8)!, number: 1))
      #expect(
        command.actor == Actor(user: UserID(checked: "bob"), device: DeviceID(checked: "phone")))
    }
  }

  @Test("what the owner refuses is answered with its reason", arguments: groups + people)
  func refused(_ frame: CommandFrame) async throws {
    try await GatewayFixture.run { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      for code in [ErrorCode.notPermitted, .groupDissolved] {
        fixture.daybook.state.withLockedValue { $0.refusal = DaybookError(code, "no") }
        let reply = try await ask(bob, frame)
        try #require(reply.type == .error)
        #expect(DaybookError(try Daybook_V1_ErrorReply(frameBody: reply.body)).code == code)
      }
    }
  }

  @Test(
    "a service makes tokens void for nobody, in the mailbox of whom they are", arguments: operators)
  func revoke(_ frame: CommandFrame) async throws {
    try await GatewayFixture.run { fixture in
      let service = try await fixture.connect("service:crm")
      #expect(try await ask(service, frame).type == .revoke.reply)
      let command = try #require(fixture.daybook.commandsNow { $0.id != nil }.first)
      #expect(command.stream.text == frame.stream && command.body.words == frame.says)
      #expect(command.actor == Actor(service: ServiceID(checked: "crm")))
      let (bob, _) = try await fixture.live("bob:phone")
      let refused = try Daybook_V1_ErrorReply(frameBody: try await ask(bob, frame).body)
      #expect(refused.name == "not_permitted")
      #expect(fixture.daybook.commandsNow { $0.id != nil }.count == 1)
    }
  }

  private static let badRevocations: [(Daybook_V1_RevokeRequest, ErrorCode)] = [
    (.with { $0.context = Requests.command(1) }, .invalidRequest),
    (
      .with { ($0.context, $0.user, $0.service) = (Requests.command(1), "a", "b") },
      .invalidRequest
    ),
    (
      .with { ($0.context, $0.service, $0.device) = (Requests.command(1), "a", "b") },
      .invalidRequest
    ),
    (
      .with {
        ($0.context, $0.user, $0.device) = (Requests.command(1), "a", "b")
        $0.tokenID = "c"
      }, .invalidRequest
    ),
    (
      .with {
        ($0.context, $0.user) = (Requests.command(1), "a")
        $0.tokenID = String(repeating: "x", count: Limits.tokenIDBytesMax + 1)
      }, .invalidRequest
    ),
    (
      .with { ($0.context, $0.user) = (Requests.command(1, actingFor: "dora"), "a") },
      .invalidRequest
    ),
    (.with { ($0.context, $0.user) = (Requests.command(0), "a") }, .invalidRequest),
    (.with { ($0.context, $0.user) = (Requests.command(1), "a b") }, .invalidID),
  ]

  @Test("what says not whose tokens are void, or too much, is refused")
  func badRevocation() async throws {
    try await GatewayFixture.run { fixture in
      let service = try await fixture.connect("service:crm")
      for (request, code) in CommandFrameTests.badRevocations {
        #expect(try await service.error(.revoke, request) == code, "\(request)")
      }
      #expect(fixture.daybook.commandsNow { $0.id != nil }.isEmpty)
    }
  }

  @Test("a service's command is of the mailbox of whom it acts for")
  func service() async throws {
    try await GatewayFixture.run { fixture in
      let service = try await fixture.connect("service:crm")
      let request = Daybook_V1_BlockRequest.with {
        ($0.context, $0.user) = (Requests.command(1, actingFor: "dora"), "carol")
        $0.blocked = true
      }
      #expect(try await service.ask(.block, request).type == .block.reply)
      let command = try #require(fixture.daybook.commandsNow { $0.id != nil }.first)
      #expect(command.stream.text == "user/dora")
      #expect(
        command.actor == Actor(user: UserID(checked: "dora"), service: ServiceID(checked: "crm")))
      var nobody = request
      nobody.context.actingFor = ""
      #expect(try await service.error(.block, nobody) == .invalidRequest)
    }
  }
}
