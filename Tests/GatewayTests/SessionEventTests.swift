import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

/// How a session comes to its end, and what the log says of it.
enum SessionEnd: String, CaseIterable {
  case disconnect = ""
  case hangUp
  case heartbeatMissed = "heartbeat_missed"
  case replaced = "session_replaced"
  case expired = "expired_token"
  case stopping = "server_stopping"
  case malformed = "malformed_frame"
  case forgotten = "device_forgotten"

  var reason: String { self == .hangUp ? "" : rawValue }
}

@Suite("what the log says of sessions", .timeLimit(.minutes(30)))
struct SessionEventTests {
  /// As these tests write them.
  private static func notes(_ daybook: MemoryDaybook) -> [String] {
    daybook.commandsNow { _ in true }.compactMap { command in
      let who = "\(command.stream) \(command.actor.device?.text ?? "-")"
      switch command.body {
      case .openSession(let session, let client, _) where command.id == nil:
        return "\(who) opened \(session) \(client)"
      case .closeSession(let session, let reason) where command.id == nil:
        return "\(who) closed \(session) \(reason)"
      default: return nil
      }
    }
  }

  private static func notes(_ daybook: MemoryDaybook, _ session: String) -> [String] {
    notes(daybook).filter { $0.contains(session) }
  }

  private func end(_ client: TestClient, _ end: SessionEnd, _ fixture: GatewayFixture) async throws
  {
    switch end {
    case .disconnect: _ = try await client.ask(.disconnect, Daybook_V1_DisconnectRequest())
    case .hangUp: try await client.line.close()
    case .heartbeatMissed: break
    case .replaced: _ = try await fixture.connect("bob:phone")
    case .expired:
      fixture.daybook.state.withLockedValue { $0.now = $0.expiresAt }
    case .stopping: await fixture.stop()
    case .malformed: try await client.write(ByteBuffer(integer: UInt32(3)))
    case .forgotten:
      fixture.daybook.append(
        Chat.bobBox, Chat.bob, .deviceForgotten(DeviceID(checked: "phone")))
    }
  }

  @Test(
    "each session's beginning and end are told once, however it ends",
    arguments: SessionEnd.allCases)
  func told(_ end: SessionEnd) async throws {
    var options = GatewayOptions.patient
    if end == .heartbeatMissed { options.heartbeatInterval = .milliseconds(200) }
    try await GatewayFixture.run(options) { fixture in
      if end == .expired {
        fixture.daybook.state.withLockedValue {
          $0.expiresAt = Timestamp(milliseconds: $0.now.milliseconds + 50)
        }
      }
      let client = try await fixture.open()
      let frame = try await client.ask(
        .connect,
        Daybook_V1_ConnectRequest.with { ($0.token, $0.client) = ("bob:phone", "chat 1.0") })
      let session = try Daybook_V1_ConnectReply(frameBody: frame.body).session
      let opened = "user/bob phone opened \(session) chat 1.0"
      while SessionEventTests.notes(fixture.daybook).isEmpty {
        try await Task.sleep(for: .milliseconds(1))
      }
      // On a slow machine its heartbeat may be missed already.
      #expect(SessionEventTests.notes(fixture.daybook).first == opened)
      try await self.end(client, end, fixture)
      while await client.isAtEnd() == false {}
      // The gateway may not know yet that the client has gone.
      while SessionEventTests.notes(fixture.daybook, session).count < 2 {
        try await Task.sleep(for: .milliseconds(1))
      }
      await fixture.stop()
      let notes = SessionEventTests.notes(fixture.daybook, session)
      #expect(notes == [opened, "user/bob phone closed \(session) \(end.reason)"])
    }
  }

  @Test("when the gateway has stopped, the owners have every session's end")
  func stop() async throws {
    try await GatewayFixture.run { fixture in
      for index in 1...20 { _ = try await fixture.connect("bob:d\(index)") }
      await fixture.stop()
      let closed = fixture.daybook.commandsNow {
        if case .closeSession(_, "server_stopping") = $0.body { true } else { false }
      }
      #expect(closed.count == 20)
    }
  }

  @Test("nothing is told of what was no session, or no device's")
  func untold() async throws {
    try await GatewayFixture.run { fixture in
      let service = try await fixture.connect("service:crm")
      _ = try await service.ask(.disconnect, Daybook_V1_DisconnectRequest())
      let refused = try await fixture.open()
      let bad = Daybook_V1_ConnectRequest.with { $0.token = "expired:x" }
      #expect(try await refused.error(.connect, bad) == .expiredToken)
      // Gone before its mailbox was open.
      fixture.daybook.state.withLockedValue { $0.holdsOpenings = true }
      let early = try await fixture.open()
      try await early.say(.connect, Daybook_V1_ConnectRequest.with { $0.token = "bob:phone" })
      _ = try await fixture.daybook.commands {
        if case .openCursor = $0.body { true } else { false }
      }
      try await early.line.close()
      await fixture.stop()
      fixture.daybook.release()
      #expect(SessionEventTests.notes(fixture.daybook).isEmpty)
    }
  }

  @Test("where the log can't tell of a session, the session goes on")
  func refused() async throws {
    let daybook = MemoryDaybook()
    var machine = SessionMachine(
      id: "1", SessionSettings(logID: "log", options: GatewayOptions(), clock: daybook), load: .idle
    )
    var output = SessionOutput()
    let connect = Daybook_V1_ConnectRequest.with { $0.token = "x" }
    machine.received(
      Frame(
        version: 1, type: .connect, sequence: 1, body: ByteBuffer(bytes: connect.wireBytes())),
      &output)
    machine.tokenChecked(
      .success(
        CheckedToken(
          .device(UserID(checked: "bob"), DeviceID(checked: "phone")),
          expiresAt: Timestamp(milliseconds: .max))), &output)
    let position = StreamPosition(
      cursor: .none, head: .none, resumed: true, visible: [SeqInterval(first: Seq(1), last: nil)])
    machine.answered(
      CommandPurpose(sequence: 0, kind: .open(.user(UserID(checked: "bob")))),
      .success(.position(position)), &output)
    _ = output.takeBytes()
    machine.answered(
      CommandPurpose(sequence: 0, kind: .note), .failure(DaybookError(.storageFull, "full")),
      &output)
    let isClosed = machine.isClosed
    #expect(!isClosed && output.isEmpty)
  }

  @Test("a device that is forgotten is told so and closed, wherever it is on its way")
  func forgotten() async throws {
    try await GatewayFixture.run { fixture in
      let daybook = fixture.daybook
      AckTests.fill(daybook, "user/bob", 3)
      let phone = DeviceID(checked: "phone")
      // Before it came: no matter.
      daybook.append(Chat.bobBox, Chat.bob, .deviceForgotten(phone))
      let (live, _) = try await fixture.live("bob:phone")
      let (other, _) = try await fixture.live("bob:laptop")
      daybook.append(Chat.bobBox, Chat.bob, .deviceForgotten(phone))
      #expect(try await live.next().event().kind == .deviceForgotten)
      let closing = try Daybook_V1_Closing(frameBody: try await live.next().body)
      #expect(closing.error.name == "device_forgotten" && !closing.error.temporary)
      #expect(await live.isAtEnd())
      #expect(try await other.fence().map(\.type) == [.event])

      daybook.state.withLockedValue { $0.holdsPages = true }
      let syncing = try await fixture.connect("bob:phone")
      _ = try await syncing.until(.following)
      daybook.append(Chat.bobBox, Chat.bob, .deviceForgotten(phone))
      #expect(try await syncing.next().type == .closing)
      daybook.releasePages()

      daybook.state.withLockedValue { $0.holdsOpenings = true }
      let opening = try await fixture.open()
      let count = daybook.commandsNow { _ in true }.count
      try await opening.say(.connect, Daybook_V1_ConnectRequest.with { $0.token = "bob:phone" })
      while daybook.commandsNow(where: { _ in true }).count == count {
        try Task.checkCancellation()
        await Task.yield()
      }
      // Forgotten before its opening was decided: it is new, and stays.
      daybook.append(Chat.bobBox, Chat.bob, .deviceForgotten(phone))
      daybook.release()
      _ = try await opening.until(.caughtUp)
      #expect(try await opening.fence().isEmpty)
    }
  }
}
