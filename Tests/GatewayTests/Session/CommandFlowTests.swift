import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

/// The commands of bob's phone, without a session. Each request has its number as its sequence.
private final class AskedCommands {
  private static let bob = Requester(
    .device(UserID(checked: "bob"), DeviceID(checked: "phone")), origin: Origin("o".utf8))

  var flow: CommandFlow
  var output = SessionOutput()
  var uptime = Timestamp(milliseconds: 1_000)
  private var purposes: [UInt32: CommandPurpose] = [:]

  init(inFlightMax: Int = 100, looksAhead: Bool = false) {
    flow = CommandFlow(inFlightMax: inFlightMax, inFlightBytesMax: 1 << 20, looksAhead: looksAhead)
  }

  private func take(
    _ type: FrameType, _ number: UInt64, _ message: some SwiftProtobuf.Message
  ) throws(DaybookError) {
    let request = try CommandRequests.parse(
      type, ByteBuffer(bytes: message.wireBytes()), by: AskedCommands.bob, now: .none)
    try flow.admit(request.issuer, uptime: uptime)
    flow.take(
      request.step,
      for: AskedCommand(
        sequence: UInt32(number), type: type.rawValue, issuer: request.issuer), &output)
  }

  func send(
    _ number: UInt64, to stream: String = "user/alice", isTransient: Bool = false
  ) throws(DaybookError) {
    var request = Requests.send("x", to: stream, number: number)
    request.transient = isTransient
    try take(.send, number, request)
  }

  func recall(_ number: UInt64, in conversation: String) throws(DaybookError) {
    try take(
      .recall, number,
      Daybook_V1_RecallRequest.with {
        ($0.context.number, $0.conversation, $0.messageID) = (number, conversation, 7)
      })
  }

  /// What was asked for since, one action each.
  func asked() -> [String] {
    defer { output.actions = [] }
    return output.actions.map { action in
      switch action {
      case .submit(let command, let purpose):
        purposes[purpose.sequence] = purpose
        let body =
          switch command.body {
          case .send: "send"
          case .sendTransient: "send transient"
          case .inspect: "inspect"
          case .recall: "recall"
          case .refused(let error): "refused \(error.code.name)"
          default: "?"
          }
        return "\(purpose.sequence) \(body) \(command.stream)"
      case .resolve(let name, _, _): return "look for \(name.id) in \(name.conversation)"
      case .pushTransient(let event, let isWithheld):
        return "push to \(event.stream) at \(event.recordedAt.milliseconds), \(isWithheld)"
      default: return "?"
      }
    }
  }

  func observed() -> MessageID? {
    guard case .submit(let command, _)? = output.actions.last else { return nil }
    return command.observed
  }

  /// Answers what was submitted with this sequence.
  func answer(_ sequence: UInt32, _ outcome: Result<CommandOutcome, DaybookError>) {
    guard let purpose = purposes.removeValue(forKey: sequence) else { return }
    switch purpose.kind {
    case .reply(let type): flow.answered(purpose, type, outcome, &output)
    case .transient(let event, let type):
      flow.answered(purpose, type, pushing: event, outcome, &output)
    case .locate: flow.located(outcome, sequence: sequence, uptime: uptime, &output)
    default: Issue.record("nobody asked for that")
    }
  }

  /// What was said since, one frame each.
  func said() throws -> [String] {
    var decoder = FrameDecoder()
    for bytes in output.takeBytes() { decoder.append(bytes) }
    var said: [String] = []
    while let frame = try decoder.next() {
      if frame.type == .error {
        let error = DaybookError(try Daybook_V1_ErrorReply(frameBody: frame.body))
        said.append("\(frame.sequence) \(error.code.name)")
      } else {
        let reply = try CommandReply(frameBody: frame.body)
        said.append("\(frame.sequence) \(reply.messageID) seq \(reply.seq) \(reply.changed)")
      }
    }
    return said
  }
}

@Suite("a session's commands")
struct CommandFlowTests {
  private static func done(_ id: UInt64 = 0, changed: Bool = true) -> Result<
    CommandOutcome, DaybookError
  > {
    .success(
      .done(
        CommandResult(
          messageID: MessageID(id), seq: Seq(5), recordedAt: Timestamp(milliseconds: 9),
          changed: changed)))
  }

  private static let position = CommandOutcome.position(
    StreamPosition(
      cursor: .none, head: Seq(9), resumed: true,
      visible: [SeqInterval(first: Seq(1), last: nil)]))

  private static let found = FoundMessage(
    stream: StreamKey(checked: "user/alice")!, seq: Seq(3), author: UserID(checked: "bob"),
    sentAt: .none, shownSeq: Seq(3))

  @Test(
    "whatever an answer is makes room for one more frame",
    arguments: [
      done(), .success(position), .failure(DaybookError(.overloaded, "later")),
    ] as [Result<CommandOutcome, DaybookError>], [true, false])
  func room(answer: Result<CommandOutcome, DaybookError>, isTransient: Bool) throws {
    let commands = AskedCommands(inFlightMax: 2)
    try commands.send(1)
    #expect(commands.flow.takesFrames)
    try commands.send(2, isTransient: isTransient)
    #expect(!commands.flow.takesFrames)
    _ = commands.asked()
    commands.answer(2, answer)
    #expect(commands.flow.takesFrames)
    #expect(try commands.said().count == 1)
  }

  @Test("while a message is looked for no frame is taken; then its command goes to its stream")
  func found() throws {
    let commands = AskedCommands()
    try commands.recall(1, in: "user/alice")
    #expect(commands.asked() == ["look for 7 in user/alice"] && !commands.flow.takesFrames)
    commands.flow.resolved(
      .success(CommandFlowTests.found), sequence: 1, uptime: commands.uptime, &commands.output)
    #expect(commands.asked() == ["1 recall user/alice"] && commands.flow.takesFrames)
  }

  @Test("in a group its owner is asked first, and still no frame is taken")
  func located() throws {
    let commands = AskedCommands()
    try commands.recall(1, in: "group/g")
    #expect(commands.asked() == ["1 inspect group/g"] && !commands.flow.takesFrames)
    commands.answer(1, .success(CommandFlowTests.position))
    #expect(commands.asked() == ["look for 7 in group/g"] && !commands.flow.takesFrames)
    var found = CommandFlowTests.found
    found.stream = StreamKey(checked: "group/g")!
    commands.flow.resolved(.success(found), sequence: 1, uptime: commands.uptime, &commands.output)
    #expect(commands.asked() == ["1 recall group/g"] && commands.flow.takesFrames)
  }

  /// Where the message is, why it is not found, and what becomes of its command.
  private static let refusals: [(String, ErrorCode, asked: [String], said: [String])] = [
    ("user/alice", .messageNotFound, [], ["1 message_not_found"]),
    // It may have been done before, which the group's owner knows.
    ("group/g", .messageNotFound, ["1 refused message_not_found group/g"], []),
    ("user/alice", .overloaded, [], ["1 overloaded"]),
    ("group/g", .overloaded, [], ["1 overloaded"]),
  ]

  @Test(
    "a command whose message is not found is refused, and frames are taken again",
    arguments: refusals)
  func refused(
    conversation: String, reason: ErrorCode, asked: [String], said: [String]
  ) throws {
    let commands = AskedCommands()
    try commands.recall(1, in: conversation)
    _ = commands.asked()
    commands.answer(1, .success(CommandFlowTests.position))
    _ = commands.asked()
    commands.flow.resolved(
      .failure(DaybookError(reason, "no")), sequence: 1, uptime: commands.uptime, &commands.output)
    #expect(commands.asked() == asked)
    #expect(try commands.said() == said)
    #expect(commands.flow.takesFrames)
  }

  @Test("what could not be looked for holds back what is behind it, until it comes again")
  func heldBack() throws {
    let commands = AskedCommands()
    try commands.recall(2, in: "user/alice")
    commands.flow.resolved(
      .failure(DaybookError(.overloaded, "later")), sequence: 2, uptime: commands.uptime,
      &commands.output)
    _ = commands.asked()
    try commands.send(1)
    let error = #expect(throws: DaybookError.self) { try commands.send(3) }
    #expect(error?.code == .overloaded && commands.asked() == ["1 send user/alice"])
    try commands.recall(2, in: "user/alice")
    commands.flow.resolved(
      .success(CommandFlowTests.found), sequence: 2, uptime: commands.uptime, &commands.output)
    try commands.send(3)
    #expect(
      commands.asked() == ["look for 7 in user/alice", "2 recall user/alice", "3 send user/alice"])
  }

  @Test("where it looks ahead, messages are looked for at once, and commands go in their order")
  func lookingAhead() throws {
    let commands = AskedCommands(inFlightMax: 4, looksAhead: true)
    try commands.recall(1, in: "user/alice")
    try commands.recall(2, in: "user/alice")
    try commands.send(3)
    #expect(commands.flow.takesFrames)
    try commands.recall(4, in: "group/g")
    #expect(!commands.flow.takesFrames)
    #expect(
      commands.asked() == [
        "look for 7 in user/alice", "look for 7 in user/alice", "4 inspect group/g",
      ])
    func found(_ sequence: UInt32) {
      commands.flow.resolved(
        .success(CommandFlowTests.found), sequence: sequence, uptime: commands.uptime,
        &commands.output)
    }
    commands.answer(4, .success(CommandFlowTests.position))
    found(2)
    #expect(commands.asked() == ["look for 7 in group/g"])
    found(4)
    #expect(commands.asked().isEmpty)
    found(1)
    #expect(
      commands.asked() == [
        "1 recall user/alice", "2 recall user/alice", "3 send user/alice", "4 recall user/alice",
      ])
    #expect(!commands.flow.takesFrames)
    commands.answer(1, CommandFlowTests.done())
    #expect(commands.flow.takesFrames)
  }

  @Test("where it looks ahead, what could not be looked for holds back those that wait behind it")
  func heldBackAhead() throws {
    let commands = AskedCommands(looksAhead: true)
    try commands.recall(1, in: "user/alice")
    try commands.recall(2, in: "user/alice")
    try commands.send(3)
    _ = commands.asked()
    commands.flow.resolved(
      .success(CommandFlowTests.found), sequence: 2, uptime: commands.uptime, &commands.output)
    commands.flow.resolved(
      .failure(DaybookError(.overloaded, "later")), sequence: 1, uptime: commands.uptime,
      &commands.output)
    #expect(commands.asked().isEmpty)
    #expect(try commands.said() == ["1 overloaded", "2 overloaded", "3 overloaded"])
    try commands.recall(1, in: "user/alice")
    commands.flow.resolved(
      .success(CommandFlowTests.found), sequence: 1, uptime: commands.uptime, &commands.output)
    try commands.recall(2, in: "user/alice")
    #expect(
      commands.asked() == [
        "look for 7 in user/alice", "1 recall user/alice", "look for 7 in user/alice",
      ])
  }

  @Test("what was turned away and does not come again is not waited for longer than it says")
  func heldBackFor() throws {
    let commands = AskedCommands()
    try commands.recall(2, in: "user/alice")
    commands.flow.resolved(
      .failure(DaybookError(.overloaded, "later")), sequence: 2, uptime: commands.uptime,
      &commands.output)
    commands.uptime = Timestamp(milliseconds: 1_000 + HeldBack.milliseconds)
    #expect(throws: DaybookError.self) { try commands.send(3) }
    commands.uptime = Timestamp(milliseconds: 1_001 + HeldBack.milliseconds)
    try commands.send(3)
  }

  @Test("a command states the highest id that was seen or answered, and none that is out of range")
  func observed() throws {
    let commands = AskedCommands()
    let rows: [(seen: UInt64, stated: UInt64)] = [
      (0, 0), (40, 40), (30, 40), (1 << 63, 40), (41, 41),
    ]
    for (index, (seen, stated)) in rows.enumerated() {
      commands.flow.observe(MessageID(seen))
      try commands.send(UInt64(index) + 1)
      #expect(commands.observed() == MessageID(stated))
    }
    _ = commands.asked()
    commands.answer(5, CommandFlowTests.done(50))
    try commands.send(6)
    #expect(commands.observed() == MessageID(50))
  }

  @Test(
    "an answer names the seq of one's own streams alone",
    arguments: [("user/alice", 0), ("user/bob", 5), ("group/g", 5)])
  func seq(stream: String, told: UInt64) throws {
    let commands = AskedCommands()
    try commands.send(1, to: stream)
    _ = commands.asked()
    commands.answer(1, CommandFlowTests.done(50))
    #expect(try commands.said() == ["1 50 seq \(told) true"])
  }

  @Test(
    "a transient message is pushed as its owner has decided, and its sender hears nothing of that",
    arguments: [true, false])
  func transient(changed: Bool) throws {
    let commands = AskedCommands()
    try commands.send(1, isTransient: true)
    #expect(commands.asked() == ["1 send transient user/alice"])
    commands.answer(1, CommandFlowTests.done(50, changed: changed))
    #expect(commands.asked() == ["push to user/alice at 9, \(!changed)"])
    #expect(try commands.said() == ["1 50 seq 0 true"])
  }

  @Test("a transient message that its owner refuses is not pushed")
  func transientRefused() throws {
    let commands = AskedCommands()
    try commands.send(1, isTransient: true)
    _ = commands.asked()
    commands.answer(1, .failure(DaybookError(.notPermitted, "no")))
    #expect(commands.asked().isEmpty)
    #expect(try commands.said() == ["1 not_permitted"])
  }
}
