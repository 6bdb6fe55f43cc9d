import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

/// A session's state machine, brought to where a test wants it.
private final class PhasedSession {
  enum Phase: CaseIterable { case awaitingConnect, checking, opening, open, closed }

  static let bob = UserID(checked: "bob")
  static let phone = DeviceID(checked: "phone")
  private static let token = TokenStamp(issuedAt: Timestamp(milliseconds: 1_000), id: "t")

  private var machine = SessionMachine(
    id: "s", SessionSettings(logID: "log", options: GatewayOptions(), clock: MemoryDaybook()),
    load: .idle)
  private var output = SessionOutput()
  private var sequence: UInt32 = 0

  init(_ phase: Phase) {
    for step in [Phase.checking, .opening, .open, .closed] {
      guard phase != .awaitingConnect, order(step) <= order(phase) else { continue }
      switch step {
      case .checking: take(.connect, Daybook_V1_ConnectRequest.with { $0.token = "t" })
      case .opening: check(.device(PhasedSession.bob, PhasedSession.phone))
      case .open: answer(position())
      default: input { $0.closing(DaybookError(.serverStopping, "stopping"), &$1) }
      }
    }
    _ = happened()
  }

  private func order(_ phase: Phase) -> Int { Phase.allCases.firstIndex(of: phase)! }

  var takesFrames: Bool { machine.takesFrames }
  var isAccepted: Bool { machine.isAccepted }
  var isClosed: Bool { machine.isClosed }
  var watched: Set<UserID> { machine.watched }
  func follows(_ stream: String) -> Bool {
    machine.follower(of: StreamKey(checked: stream)!) == PhasedSession.bob
  }

  func input(_ body: (inout SessionMachine, inout SessionOutput) -> Void) {
    body(&machine, &output)
  }

  func take(_ type: FrameType, _ request: some SwiftProtobuf.Message) {
    sequence += 1
    let frame = Frame(
      version: 1, type: type, sequence: sequence, body: ByteBuffer(bytes: request.wireBytes()))
    input { $0.received(frame, &$1) }
  }

  func check(_ principal: Principal) {
    let token = CheckedToken(
      principal, expiresAt: Timestamp(milliseconds: .max), stamp: PhasedSession.token)
    input { $0.tokenChecked(.success(token), &$1) }
  }

  func position(
    head: UInt64 = 0, resumed: Bool = true, registration: UInt64 = 0, groups: [String] = []
  ) -> CommandOutcome {
    .position(
      StreamPosition(
        cursor: Seq(head), head: Seq(head), resumed: resumed, registration: Seq(registration),
        visible: [SeqInterval(first: Seq(1), last: nil)],
        groups: groups.map { GroupID(checked: $0) }))
  }

  /// What the mailbox's opening is answered with.
  func answer(_ outcome: CommandOutcome) { answer(.success(outcome)) }

  func answer(_ outcome: Result<CommandOutcome, DaybookError>) {
    let purpose = CommandPurpose(sequence: 0, kind: .open(.user(PhasedSession.bob)))
    input { $0.answered(purpose, outcome, &$1) }
  }

  /// What the question about the token is answered with.
  func answerToken(_ outcome: Result<CommandOutcome, DaybookError>) {
    let purpose = CommandPurpose(sequence: 0, kind: .token(PhasedSession.token))
    input { $0.answered(purpose, outcome, &$1) }
  }

  func commit(
    _ seq: UInt64, _ body: Event.Body, in stream: StreamKey = .user(bob)
  ) throws {
    let event = Event(
      stream: stream, seq: Seq(seq), recordedAt: .none,
      actor: Actor(user: PhasedSession.bob), body: body)
    let bytes = EventEncoding.encode(event)
    let slot = try bytes.withUnsafeReadableBytes { bytes throws(DaybookError) in
      try EventScan.slot(of: bytes, start: 0)
    }
    input { $0.committed(stream, slot, bytes, &$1) }
  }

  /// What was asked for since, then what was said.
  func happened() -> [String] {
    let asked = output.actions.map { action in
      switch action {
      case .submit(let command, _):
        switch command.body {
        case .openSession: "log opened"
        case .closeSession(_, let reason): "log closed \(reason)"
        case .openCursor: "open \(command.stream)"
        case .checkToken: "ask about token in \(command.stream)"
        default: "submit"
        }
      case .checkToken(let token): "check \(token)"
      case .register(let device): "register \(device.user) \(device.device)"
      case .scheduleExpiry: "expiry"
      case .subscribe(let stream): "subscribe \(stream)"
      case .close: "close"
      default: "?"
      }
    }
    output.actions = []
    return asked + said()
  }

  private func said() -> [String] {
    var decoder = FrameDecoder()
    for bytes in output.takeBytes() { decoder.append(bytes) }
    var said: [String] = []
    while let frame = try? decoder.next() { said.append(text(of: frame)) }
    return said
  }

  private func text(of frame: Frame) -> String {
    let body = frame.body
    switch frame.type {
    case .connect.reply:
      let reply = try? Daybook_V1_ConnectReply(frameBody: body)
      return "connected \(reply?.resumed ?? false) \(reply?.registration ?? 0) #\(frame.sequence)"
    case .error:
      return "\((try? Daybook_V1_ErrorReply(frameBody: body).name) ?? "?") #\(frame.sequence)"
    case .closing: return "closing \((try? Daybook_V1_Closing(frameBody: body).error.name) ?? "?")"
    case .following: return "following"
    case .caughtUp: return "caught up"
    case .event: return "event"
    case .typingPush: return "typing"
    case .transient: return "transient"
    case .presence: return "presence"
    default: return "?"
    }
  }
}

@Suite("a session's phases")
struct SessionPhaseTests {
  @Test("a session goes from Connect through token and mailbox to being open, and says so once")
  func course() {
    let session = PhasedSession(.awaitingConnect)
    session.take(.connect, Daybook_V1_ConnectRequest.with { $0.token = "t" })
    #expect(session.happened() == ["check t"])
    session.check(.device(PhasedSession.bob, PhasedSession.phone))
    #expect(
      session.happened()
        == ["subscribe user/bob", "open user/bob"])
    session.answer(session.position(resumed: true, registration: 7, groups: ["g"]))
    #expect(
      session.happened() == [
        "log opened", "subscribe group/g", "open group/g", "register bob phone",
        "connected true 7 #1", "following",
      ])
  }

  private func service() -> PhasedSession {
    let session = PhasedSession(.checking)
    session.check(.service(ServiceID(checked: "crm")))
    #expect(session.happened() == ["subscribe user/crm", "ask about token in user/crm"])
    #expect(!session.takesFrames)
    return session
  }

  @Test(
    "a service is open as soon as its token is known to be good, and the log hears nothing of it")
  func serviceOpens() {
    let session = service()
    session.answerToken(.success(.done(CommandResult(recordedAt: .none, changed: false))))
    #expect(session.happened() == ["connected false 0 #1"])
    #expect(session.takesFrames)
    session.input { $0.disconnected(&$1) }
    #expect(session.happened().isEmpty && session.isClosed)
  }

  @Test("of a void token nothing is opened, and no other session ends for it")
  func void() {
    let service = service()
    service.answerToken(.failure(.tokenIsRevoked))
    #expect(service.happened() == ["close", "token_revoked #1"])
    let device = PhasedSession(.opening)
    device.answer(.failure(.tokenIsRevoked))
    #expect(device.happened() == ["close", "token_revoked #1"])
  }

  @Test(
    "what makes a token void while its session opens ends it, and a user of a service's name does not"
  )
  func voidMeanwhile() throws {
    let crm = StreamKey(checked: "user/crm")!
    for isOfService in [true, false] {
      let service = service()
      try service.commit(1, .userBlocked(PhasedSession.bob), in: crm)
      try service.commit(
        2, .tokensRevoked(Revocation(tokenID: "t", isOfService: isOfService)), in: crm)
      #expect(service.happened().isEmpty)
      service.answerToken(.success(.done(CommandResult(recordedAt: .none, changed: false))))
      #expect(
        service.happened() == ["connected false 0 #1"]
          || (isOfService
            && service.isClosed)
      )
      #expect(service.isClosed == isOfService)
    }
    let device = PhasedSession(.opening)
    try device.commit(5, .tokensRevoked(Revocation(tokenID: "t")))
    device.answer(device.position(head: 4))
    #expect(
      device.happened() == [
        "log opened", "log closed token_revoked", "close", "connected true 0 #1",
        "closing token_revoked",
      ])
  }

  @Test("a session asks about its token where it may have missed that it is void")
  func missed() {
    let session = PhasedSession(.open)
    session.input { $0.interrupted(.user(PhasedSession.bob), &$1) }
    #expect(session.happened() == ["ask about token in user/bob", "submit"])
    session.answerToken(.failure(.tokenIsRevoked))
    #expect(
      session.happened() == [
        "log closed token_revoked", "close", "closing token_revoked",
      ])
  }

  private static let rows: [(PhasedSession.Phase, takesFrames: Bool, isAccepted: Bool)] = [
    (.awaitingConnect, true, false), (.checking, false, false), (.opening, false, true),
    (.open, true, true), (.closed, false, false),
  ]

  @Test("frames wait while the token is looked at and the mailbox opens", arguments: rows)
  private func phase(_ phase: PhasedSession.Phase, takesFrames: Bool, isAccepted: Bool) {
    let session = PhasedSession(phase)
    #expect(session.takesFrames == takesFrames)
    #expect(session.isAccepted == isAccepted)
    #expect(session.isClosed == (phase == .closed))
    #expect(session.follows("user/bob") == (phase == .open))
  }

  @Test("where the mailbox can't be opened, Connect is refused and there is no session")
  func unopened() {
    for outcome: Result<CommandOutcome, DaybookError> in [
      .failure(DaybookError(.partitionReadOnly, "no")),
      .success(.done(CommandResult(recordedAt: .none))),
    ] {
      let session = PhasedSession(.opening)
      session.answer(outcome)
      let happened = session.happened()
      #expect(happened.count == 2 && happened.first == "close")
      #expect(["partition_read_only #1", "storage_failed #1"].contains(happened.last))
      #expect(session.isClosed)
    }
  }

  @Test("only an open session tells of typing, and of messages that no log has")
  private func pushes() {
    for phase in PhasedSession.Phase.allCases {
      let session = PhasedSession(phase)
      let alice = UserID(checked: "alice")
      session.input { $0.typingSeen(alice, to: .user(PhasedSession.bob), &$1) }
      session.input { $0.transientSent(ByteBuffer(), in: .user(PhasedSession.bob), &$1) }
      #expect(session.happened() == (phase == .open ? ["typing", "transient"] : []))
    }
  }

  @Test("what has come while the mailbox opened counts if it is behind where it was opened")
  func early() throws {
    let alice = UserID(checked: "alice")
    for head in 4...6 as ClosedRange<UInt64> {
      let session = PhasedSession(.opening)
      try session.commit(5, .userBlocked(alice))
      #expect(session.happened().isEmpty)
      session.answer(session.position(head: head))
      _ = session.happened()
      session.input { $0.presenceChanged(UserPresence(user: alice), &$1) }
      #expect(session.happened() == (head < 5 ? [] : ["presence"]))
    }
    let forgotten = PhasedSession(.opening)
    try forgotten.commit(5, .deviceForgotten(PhasedSession.phone))
    forgotten.answer(forgotten.position(head: 4))
    #expect(
      forgotten.happened() == [
        "log opened", "log closed device_forgotten", "close", "connected true 0 #1",
        "closing device_forgotten",
      ])
  }

  @Test("the deadline for Connect ends what has not been let in, and nothing else")
  private func deadline() {
    for phase in PhasedSession.Phase.allCases {
      let session = PhasedSession(phase)
      session.input { $0.connectDeadlinePassed(&$1) }
      let isLate = phase == .awaitingConnect || phase == .checking
      #expect(session.happened() == (isLate ? ["close", "closing connect_deadline"] : []))
    }
  }

  @Test("whenever a session ends, that is said once, and told to the log if that knows of it")
  private func end() {
    for phase in PhasedSession.Phase.allCases where phase != .closed {
      let session = PhasedSession(phase)
      for _ in 1...2 {
        session.input { $0.closing(DaybookError(.sessionReplaced, "replaced"), &$1) }
        session.input { $0.disconnected(&$1) }
      }
      let told = phase == .open ? ["log closed session_replaced"] : []
      #expect(session.happened() == told + ["close", "closing session_replaced"])
    }
  }

  @Test("a closed session answers nothing, and asks for nothing")
  func closed() throws {
    let session = PhasedSession(.closed)
    let (alice, mailbox) = (UserID(checked: "alice"), StreamKey.user(PhasedSession.bob))
    session.take(.heartbeat, Daybook_V1_HeartbeatRequest())
    session.check(.device(PhasedSession.bob, PhasedSession.phone))
    session.answer(session.position())
    try session.commit(1, .userBlocked(alice))
    session.input { $0.presenceChanged(UserPresence(user: alice), &$1) }
    session.input { $0.interrupted(mailbox, &$1) }
    session.input { $0.pageRead(mailbox, .failure(DaybookError(.logCorrupt, "no")), &$1) }
    session.input { $0.resolved(.failure(DaybookError(.overloaded, "no")), sequence: 2, &$1) }
    session.input {
      $0.queryAnswered(
        .devices.reply, sequence: 2, .failure(DaybookError(.overloaded, "no")), &$1)
    }
    session.input { $0.onlineKnown(.success([]), sequence: 2, &$1) }
    for _ in 1...9 { session.input { $0.tick(isReading: true, &$1) } }
    session.input { $0.expiryDue(&$1) }
    session.input { $0.flushed(isFull: false, &$1) }
    session.input { $0.flushAcks(&$1) }
    session.input { $0.disconnected(&$1) }
    #expect(session.happened().isEmpty)
  }

  @Test(
    "whom a session watched is known to its end and after it, so that the registry forgets them")
  func watched() {
    let session = PhasedSession(.open)
    let request = Daybook_V1_OnlineRequest.with { ($0.users, $0.watch) = (["alice"], true) }
    session.take(.online, request)
    let alice: Set = [UserID(checked: "alice")]
    #expect(session.watched == alice)
    session.input { $0.disconnected(&$1) }
    #expect(session.isClosed && session.watched == alice)
  }
}
