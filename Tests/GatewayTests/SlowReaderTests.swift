import DaybookModel
import DaybookSchema
import NIOCore
import NIOPosix
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("who does not read what it is sent", .timeLimit(.minutes(30)))
struct SlowReaderTests {
  /// Windows that end nothing here.
  static var options: GatewayOptions {
    var options = GatewayOptions.patient
    options.window = PushWindow.Size(events: 1 << 20, bytes: 1 << 30)
    return options
  }

  /// More than any system keeps for a socket on its own.
  static func flood(_ daybook: MemoryDaybook) {
    let text = String(repeating: "x", count: 60_000)
    let body = Event.Body.messageSent(Message(content: ContentCoding.text(text)))
    for _ in 1...600 { daybook.append(Chat.bobBox, AckTests.alice, body) }
  }

  static func sessions(_ fixture: GatewayFixture) async throws -> [Int] {
    var waiting: [Int] = []
    for loop in fixture.sessions.loops {
      waiting += try await loop.loop.submit {
        loop.sessions.values.map { $0.connection?.bufferedBytes ?? 0 }
      }.get()
    }
    return waiting
  }

  @Test("what waits for it is bounded; it is told how far behind it is, and all comes as it reads")
  func bounded() async throws {
    try await GatewayFixture.runOverTCP(SlowReaderTests.options) { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      try await bob.channel.setOption(.autoRead, value: false).get()
      SlowReaderTests.flood(fixture.daybook)
      let (alice, _) = try await fixture.live("alice:phone")
      _ = try await alice.fence()
      let waiting = try await SlowReaderTests.sessions(fixture)
      // An event is more than half of it, and comes alone.
      #expect(waiting.max()! <= Limits.sessionBytesMax)
      #expect(waiting.max()! > 0)
      try await bob.channel.setOption(.autoRead, value: true).get()
      var heads: Set<UInt64> = []
      var seqs: [UInt64] = []
      while seqs.last != 600 {
        let frame = try await bob.next()
        seqs += try [frame].seqs(of: "user/bob")
        guard frame.type == .behind else { continue }
        heads.formUnion(try Daybook_V1_Behind(frameBody: frame.body).streams.map(\.headSeq))
      }
      #expect(seqs == Array(1...600))
      #expect(heads.contains(600))
      // And it is as live as any.
      AckTests.fill(fixture.daybook, "user/bob", 1)
      #expect(try await bob.seqs(of: "user/bob", through: 601) == [601])
      _ = try await bob.fence()
    }
  }

  @Test("presence that waits is told as it is when it is read; typing is lost")
  func presence() throws {
    let daybook = MemoryDaybook()
    var machine = SessionMachine(
      id: "1", SessionSettings(logID: "log", options: GatewayOptions(), clock: daybook), load: .idle
    )
    var output = SessionOutput()
    machine.open(as: "bob", &output)
    machine.flushed(isFull: true, &output)
    let (alice, carol) = (UserID(checked: "alice"), UserID(checked: "carol"))
    let phone = [DeviceID(checked: "phone")]
    machine.presenceChanged(UserPresence(user: carol, devices: phone), &output)
    machine.presenceChanged(UserPresence(user: alice, devices: phone), &output)
    machine.presenceChanged(UserPresence(user: carol), &output)
    machine.typingSeen(alice, to: .user(UserID(checked: "bob")), &output)
    #expect(output.isEmpty)
    machine.flushed(isFull: false, &output)
    var decoder = FrameDecoder()
    for bytes in output.takeBytes() { decoder.append(bytes) }
    var told: [String] = []
    while let frame = try decoder.next() {
      let presence = try Daybook_V1_Presence(frameBody: frame.body)
      told.append("\(presence.user) \(presence.online)")
    }
    #expect(told == ["alice true", "carol false"])
  }

  @Test("who neither reads nor sends anything has missed its heartbeat")
  func dead() async throws {
    var options = SlowReaderTests.options
    options.heartbeatInterval = .milliseconds(300)
    try await GatewayFixture.runOverTCP(options) { fixture in
      let bob = try await fixture.connect("bob:phone")
      // On a slow machine it may be closed already.
      try? await bob.channel.setOption(.autoRead, value: false).get()
      SlowReaderTests.flood(fixture.daybook)
      let ends = try await fixture.daybook.commands {
        if case .closeSession = $0.body { true } else { false }
      }
      guard case .closeSession(_, let reason) = ends[0].body else { return }
      #expect(reason == "heartbeat_missed")
    }
  }

  @Test("who reads nothing and sends heartbeats is waited for")
  func alive() async throws {
    var machine = SessionMachine(
      id: "1", SessionSettings(logID: "log", options: GatewayOptions(), clock: MemoryDaybook()),
      load: .idle)
    var output = SessionOutput()
    machine.open(as: "bob", &output)
    machine.flushed(isFull: true, &output)
    for _ in 1...50 {
      machine.peerIsAlive()
      for _ in 1...3 { machine.tick(isReading: true, &output) }
    }
    var isClosed = machine.isClosed
    #expect(!isClosed)
    for _ in 1...4 { machine.tick(isReading: true, &output) }
    isClosed = machine.isClosed
    #expect(isClosed)
  }
}

extension SessionMachine {
  /// With a mailbox in which nothing is.
  fileprivate mutating func open(as user: String, _ output: inout SessionOutput) {
    let connect = Daybook_V1_ConnectRequest.with { $0.token = "x" }
    received(
      Frame(
        version: 1, type: .connect, sequence: 1, body: ByteBuffer(bytes: connect.wireBytes())),
      &output)
    let user = UserID(checked: user)
    tokenChecked(
      .success(
        CheckedToken(
          .device(user, DeviceID(checked: "phone")), expiresAt: Timestamp(milliseconds: .max))),
      &output)
    let position = StreamPosition(
      cursor: .none, head: .none, resumed: true, visible: [SeqInterval(first: Seq(1), last: nil)])
    answered(
      CommandPurpose(sequence: 0, kind: .open(.user(user))),
      .success(.position(position)), &output)
    _ = output.takeBytes()
    output.actions = []
  }
}
