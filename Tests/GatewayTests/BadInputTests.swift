import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

private func header(_ words: UInt32...) -> ByteBuffer {
  var buffer = ByteBuffer()
  for word in words { buffer.writeInteger(word) }
  return buffer
}

struct Fatal: Sendable, CustomTestStringConvertible {
  var name: String
  var bytes: ByteBuffer
  var code: String
  var sequence: UInt32
  var testDescription: String { name }
}

struct Refused: Sendable, CustomTestStringConvertible {
  var name: String
  var type: FrameType
  var body: [UInt8]
  var code: ErrorCode
  var testDescription: String { name }
}

@Suite("bad input")
struct BadInputTests {
  static let fatals: [Fatal] = [
    Fatal(name: "malformed", bytes: header(7), code: "malformed_frame", sequence: 0),
    Fatal(
      name: "oversized", bytes: header(20, 1, 16, 9, 1 << 24), code: "frame_too_large",
      sequence: 9),
    Fatal(
      name: "second connect", bytes: header(20, 1, 1, 9, 0), code: "out_of_order_frame",
      sequence: 9),
    Fatal(
      name: "sequence again", bytes: header(20, 1, 2, 1, 0), code: "out_of_order_frame",
      sequence: 1),
  ]

  @Test(
    "what ends a connection is said first, with the sequence where it is known",
    arguments: fatals)
  func closes(_ fatal: Fatal) async throws {
    try await GatewayFixture.run { fixture in
      let (client, _) = try await fixture.live("bob:phone")
      try await client.write(fatal.bytes)
      let frame = try await client.next()
      let error = try Daybook_V1_ErrorReply(frameBody: frame.body)
      #expect(frame.type == .error && frame.sequence == fatal.sequence)
      #expect(error.name == fatal.code)
      #expect(await client.isAtEnd())
      // The server is as it was.
      _ = try await fixture.live("bob:phone")
    }
  }

  @Test("a frame that the connection's end cuts is malformed")
  func truncated() async throws {
    try await GatewayFixture.runOverTCP { fixture in
      let client = try await fixture.open()
      try await client.channel.setOption(.allowRemoteHalfClosure, value: true).get()
      try await client.write(header(20, 1, 1, 1, 50))
      try await client.channel.close(mode: .output)
      let frame = try await client.next()
      #expect(try Daybook_V1_ErrorReply(frameBody: frame.body).name == "malformed_frame")
      #expect(frame.sequence == 1)
      try? await client.line.close()
    }
  }

  @Test("anything before Connect is out of order")
  func notConnected() async throws {
    try await GatewayFixture.run { fixture in
      let client = try await fixture.open()
      let code = try await client.error(.heartbeat, Daybook_V1_HeartbeatRequest())
      #expect(code == .outOfOrderFrame)
      #expect(await client.isAtEnd())
    }
  }

  @Test(
    "a token that isn't good is refused and the connection closed",
    arguments: [
      ("nonsense", ErrorCode.invalidToken), ("expired:x", .expiredToken),
      ("foreign:x", .foreignToken),
    ])
  func tokens(token: String, code: ErrorCode) async throws {
    try await GatewayFixture.run { fixture in
      let client = try await fixture.open()
      let request = Daybook_V1_ConnectRequest.with { $0.token = token }
      #expect(try await client.error(.connect, request) == code)
      #expect(await client.isAtEnd())
    }
  }

  @Test("a client's name that is too long is refused, for it would stand in the log")
  func longClient() async throws {
    try await GatewayFixture.run { fixture in
      let client = try await fixture.open()
      let request = Daybook_V1_ConnectRequest.with {
        ($0.token, $0.client) = ("bob:phone", String(repeating: "x", count: 129))
      }
      #expect(try await client.error(.connect, request) == .invalidRequest)
      #expect(await client.isAtEnd())
    }
  }

  @Test("a connection that never connects is told so and closed")
  func deadline() async throws {
    var options = GatewayOptions.patient
    options.connectDeadline = .milliseconds(20)
    try await GatewayFixture.run(options) { fixture in
      let client = try await fixture.open()
      let closing = try Daybook_V1_Closing(frameBody: try await client.next().body)
      #expect(closing.error.name == "connect_deadline")
      #expect(await client.isAtEnd())
    }
  }

  @Test("a connection too many is told so and closed, and one that ends makes room")
  func tooManyConnections() async throws {
    var options = GatewayOptions.patient
    options.connectionsMax = { 2 }
    try await GatewayFixture.runOverTCP(options) { fixture in
      let (first, _) = try await fixture.live("bob:phone")
      let (second, _) = try await fixture.live("alice:phone")
      let third = try await fixture.open()
      let closing = try Daybook_V1_Closing(frameBody: try await third.next().body)
      #expect(closing.error.name == "overloaded" && closing.error.temporary)
      #expect(await third.isAtEnd())
      #expect(
        try await first.ask(.heartbeat, Daybook_V1_HeartbeatRequest()).type == .heartbeat.reply)
      try await second.line.close()
      // The server notices in its own time.
      while !(try await fixture.open().isTaken("carol:phone")) {}
    }
  }

  @Test("a silent session is told so and closed")
  func silence() async throws {
    var options = GatewayOptions.patient
    options.heartbeatInterval = .milliseconds(500)
    try await GatewayFixture.run(options) { fixture in
      let client = try await fixture.connect("bob:phone")
      let last = try await client.until(.closing).last!
      #expect(try Daybook_V1_Closing(frameBody: last.body).error.name == "heartbeat_missed")
      #expect(await client.isAtEnd())
    }
  }

  @Test("a frame that is fed a byte at a time does not keep a session for ever")
  func fedFrame() async throws {
    var options = GatewayOptions.patient
    options.heartbeatInterval = .milliseconds(500)
    options.frameIntervalsMax = 1
    try await GatewayFixture.run(options) { fixture in
      let client = try await fixture.connect("bob:phone")
      let feeding = Task {
        try await client.write(header(20, 1, 16, 99, 1 << 20))
        // Ends with the connection.
        while true { try await client.write(ByteBuffer(bytes: [0])) }
      }
      let last = try await client.until(.closing).last!
      #expect(try Daybook_V1_Closing(frameBody: last.body).error.name == "heartbeat_missed")
      #expect(await client.isAtEnd())
      _ = await feeding.result
    }
  }

  @Test("a stopping server tells every session")
  func stopping() async throws {
    try await GatewayFixture.run { fixture in
      let (client, _) = try await fixture.live("bob:phone")
      async let stopped: Void = fixture.stop()
      let closing = try Daybook_V1_Closing(frameBody: try await client.next().body)
      #expect(closing.error.name == "server_stopping" && closing.error.temporary)
      #expect(await client.isAtEnd())
      await stopped
    }
  }

  static let refusals: [Refused] = [
    Refused(
      name: "unknown type", type: FrameType(rawValue: 99), body: [], code: .unknownRequestType),
    Refused(name: "torn body", type: .send, body: [0x12, 99], code: .invalidRequest),
    Refused(name: "torn cold body", type: .join, body: [0x12, 99], code: .invalidRequest),
    Refused(
      name: "torn heartbeat", type: .heartbeat, body: [0xff, 0xff, 0xff], code: .invalidRequest),
    Refused(
      name: "torn disconnect", type: .disconnect, body: [0xff, 0xff, 0xff], code: .invalidRequest),
    Refused(name: "torn devices", type: .devices, body: [0x12, 99], code: .invalidRequest),
    Refused(
      name: "bad id", type: .send,
      body: Requests.send("x", to: "user/a b", number: 1).wireBytes(), code: .invalidID),
    Refused(
      name: "no number", type: .send,
      body: Requests.send("x", to: "user/a", number: 0).wireBytes(), code: .invalidRequest),
    Refused(
      name: "no content", type: .send,
      body: Daybook_V1_SendRequest.with {
        $0.context.number = 1
        $0.to = "user/a"
      }.wireBytes(), code: .invalidContent),
    Refused(
      name: "big content", type: .send,
      body: Requests.send(String(repeating: "x", count: 65_537), to: "user/a", number: 1)
        .wireBytes(), code: .contentTooLarge),
    Refused(
      name: "time past the year 9999", type: .send,
      body: Requests.send("x", to: "user/a", number: 1, at: 253_402_300_800_000).wireBytes(),
      code: .invalidRequest),
    Refused(
      name: "strange group", type: .send,
      body: Requests.send("x", to: "group/none", number: 1).wireBytes(), code: .notAMember),
    Refused(
      name: "strange ack", type: .ack, body: Requests.ack("group/none", 1).wireBytes(),
      code: .invalidRequest),
    Refused(
      name: "another's mailbox", type: .fetch,
      body: Daybook_V1_FetchRequest.with { $0.stream = "user/alice" }.wireBytes(),
      code: .notPermitted),
    Refused(
      name: "typing in a strange group", type: .typing,
      body: Daybook_V1_TypingRequest.with { $0.conversation = "group/none" }.wireBytes(),
      code: .notAMember),
  ]

  private static func send(
    _ change: (inout Daybook_V1_SendRequest) -> Void
  ) -> [UInt8] {
    var request = Requests.send("x", to: "user/a", number: 1)
    change(&request)
    return request.wireBytes()
  }

  private static func react(_ reaction: String) -> [UInt8] {
    Daybook_V1_ReactRequest.with {
      ($0.context, $0.conversation) = (Requests.command(1), "user/a")
      ($0.messageID, $0.reaction) = (5, reaction)
    }.wireBytes()
  }

  private static func createGroup(
    _ change: (inout Daybook_V1_CreateGroupRequest) -> Void
  ) -> [UInt8] {
    var request = Requests.create("g", number: 1)
    change(&request)
    return request.wireBytes()
  }

  static let refusalsOfExtras: [Refused] = [
    Refused(
      name: "kept for too many days", type: .send, body: send { $0.keepDays = 3_651 },
      code: .invalidRequest),
    Refused(
      name: "too many mentions", type: .send,
      body: send { $0.mentions = Array(repeating: "bob", count: 101) }, code: .invalidRequest),
    Refused(
      name: "a mention that is no id", type: .send, body: send { $0.mentions = ["a b"] },
      code: .invalidID),
    Refused(name: "no reaction", type: .react, body: react(""), code: .invalidRequest),
    Refused(
      name: "a long reaction", type: .react, body: react(String(repeating: "é", count: 33)),
      code: .invalidRequest),
    Refused(
      name: "a reaction with a control character", type: .react, body: react("a\u{85}"),
      code: .invalidRequest),
    Refused(
      name: "an edit without content", type: .edit,
      body: Daybook_V1_EditRequest.with {
        ($0.context, $0.conversation, $0.messageID) = (Requests.command(1), "user/a", 5)
      }.wireBytes(), code: .invalidContent),
    Refused(
      name: "a recall without number", type: .recall,
      body: Daybook_V1_RecallRequest.with {
        ($0.conversation, $0.messageID) = ("user/a", 5)
      }.wireBytes(), code: .invalidRequest),
    Refused(
      name: "a forward to nowhere", type: .forward,
      body: Daybook_V1_ForwardRequest.with {
        ($0.context, $0.conversation, $0.messageID) = (Requests.command(1), "user/a", 5)
      }.wireBytes(), code: .invalidID),
    Refused(
      name: "a long title", type: .createGroup,
      body: createGroup { $0.title = String(repeating: "x", count: 513) }, code: .contentTooLarge),
    Refused(
      name: "a long description", type: .createGroup,
      body: createGroup { $0.description_p = String(repeating: "x", count: 4_097) },
      code: .contentTooLarge),
    Refused(
      name: "a title with a control character", type: .createGroup,
      body: createGroup { $0.title = "a\0b" }, code: .invalidRequest),
    Refused(
      name: "a description with a control character", type: .createGroup,
      body: createGroup { $0.description_p = "a\r\n\tb\u{1B}" }, code: .invalidRequest),
    Refused(
      name: "a strange join policy", type: .createGroup,
      body: createGroup { $0.joinPolicy = .UNRECOGNIZED(-1) }, code: .invalidRequest),
    Refused(
      name: "a strange role", type: .changeRole,
      body: Daybook_V1_ChangeRoleRequest.with {
        ($0.context, $0.group, $0.user) = (Requests.command(1), "g", "carol")
        $0.role = .UNRECOGNIZED(256)
      }.wireBytes(), code: .invalidRequest),
    Refused(
      name: "nobody invited", type: .invite,
      body: Daybook_V1_InviteRequest.with {
        ($0.context, $0.group) = (Requests.command(1), "g")
      }.wireBytes(), code: .invalidID),
    Refused(
      name: "a mark of nothing", type: .mark,
      body: Daybook_V1_MarkRequest.with { $0.context = Requests.command(1) }.wireBytes(),
      code: .invalidID),
    Refused(
      name: "no device to forget", type: .forgetDevice,
      body: Daybook_V1_ForgetDeviceRequest.with { $0.context = Requests.command(1) }.wireBytes(),
      code: .invalidID),
    Refused(
      name: "receipts of nothing", type: .receipts,
      body: Daybook_V1_ReceiptsRequest().wireBytes(), code: .invalidID),
    Refused(
      name: "online of no id", type: .online,
      body: Daybook_V1_OnlineRequest.with { $0.users = [""] }.wireBytes(), code: .invalidID),
    Refused(
      name: "a group that is not there", type: .group,
      body: Daybook_V1_GroupRequest.with { $0.group = "none" }.wireBytes(), code: .groupNotFound),
  ]

  /// Every request that names a message, with an id past 63 bits.
  static let refusalsOfIDs: [Refused] = [1 << 63, UInt64.max].flatMap { id in
    let (command, with) = (Requests.command(1), "user/alice")
    let bodies: [(FrameType, [UInt8])] = [
      (.send, send { $0.replyTo = id }),
      (
        .recall,
        Daybook_V1_RecallRequest.with {
          ($0.context, $0.conversation, $0.messageID) = (command, with, id)
        }.wireBytes()
      ),
      (
        .edit,
        Daybook_V1_EditRequest.with {
          ($0.context, $0.conversation, $0.messageID) = (command, with, id)
          $0.content = Requests.send("x", to: with, number: 1).content
        }.wireBytes()
      ),
      (
        .react,
        Daybook_V1_ReactRequest.with {
          ($0.context, $0.conversation, $0.messageID, $0.reaction) = (command, with, id, "+")
        }.wireBytes()
      ),
      (
        .forward,
        Daybook_V1_ForwardRequest.with {
          ($0.context, $0.conversation, $0.messageID, $0.to) = (command, with, id, "user/a")
        }.wireBytes()
      ),
      (
        .receipts,
        Daybook_V1_ReceiptsRequest.with { ($0.conversation, $0.messageID) = (with, id) }
          .wireBytes()
      ),
      (
        .history,
        Daybook_V1_HistoryRequest.with { ($0.conversation, $0.beforeMessageID) = (with, id) }
          .wireBytes()
      ),
    ]
    return bodies.map {
      Refused(name: "\($0.0) names message \(id)", type: $0.0, body: $0.1, code: .invalidRequest)
    }
  }

  @Test(
    "a request that is refused leaves the session as it was",
    arguments: refusals + refusalsOfExtras + refusalsOfIDs)
  func staysOpen(_ refused: Refused) async throws {
    try await GatewayFixture.run { fixture in
      let (client, _) = try await fixture.live("bob:phone")
      client.sequence += 1
      var buffer = ByteBuffer()
      buffer.writeFrame(
        refused.type, sequence: client.sequence, body: ByteBuffer(bytes: refused.body))
      try await client.write(buffer)
      let frame = try await client.next()
      #expect(frame.type == .error && frame.sequence == client.sequence)
      #expect(
        DaybookError(try Daybook_V1_ErrorReply(frameBody: frame.body)).code == refused.code)
      let reply = try await client.send("still here", to: "user/alice", number: 7)
      #expect(reply.type == .send.reply)
    }
  }

  @Test("the last millisecond of the year 9999 is a time, and comes as it was sent")
  func lastTime() async throws {
    try await GatewayFixture.run { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      let alice = try await fixture.connect("alice:phone")
      let request = Requests.send("x", to: "user/bob", number: 1, at: 253_402_300_799_999)
      #expect(try await alice.ask(.send, request).type == .send.reply)
      guard case .messageSent(let message) = try await bob.next().event().body else {
        Issue.record("a message was due")
        return
      }
      #expect(message.clientTime.rfc3339 == "9999-12-31T23:59:59.999Z")
    }
  }
}
