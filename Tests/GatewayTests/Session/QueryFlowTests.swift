import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("a session's queries")
struct QueryFlowTests {
  private static let bob = Requester(.device(UserID(checked: "bob"), DeviceID(checked: "phone")))
  private static let group = GroupID(checked: "g")

  private static func request(_ type: FrameType) throws -> QueryRequest {
    var body = ByteBuffer()
    switch type {
    case .members:
      body.writeBytes(Daybook_V1_MembersRequest.with { $0.group = "g" }.wireBytes())
    case .group: body.writeBytes(Daybook_V1_GroupRequest.with { $0.group = "g" }.wireBytes())
    default: break
    }
    return try QueryRequests.parse(type, body, by: bob)
  }

  private static func error(_ output: inout SessionOutput) throws -> ErrorCode? {
    var decoder = FrameDecoder()
    for bytes in output.takeBytes() { decoder.append(bytes) }
    guard let frame = try decoder.next(), frame.type == .error else { return nil }
    return DaybookError(try Daybook_V1_ErrorReply(frameBody: frame.body)).code
  }

  @Test("one more than may be unanswered is refused, whatever kind they are of")
  func tooMany() throws {
    var queries = QueryFlow(inFlightMax: 2)
    var output = SessionOutput()
    try queries.ask(
      try QueryFlowTests.request(.devices), sequence: 1, by: QueryFlowTests.bob.actor, &output)
    try queries.begin()
    #expect(output.actions.count == 1)
    let error = #expect(throws: DaybookError.self) {
      try queries.ask(
        try QueryFlowTests.request(.devices), sequence: 3, by: QueryFlowTests.bob.actor, &output)
    }
    #expect(error?.code == .tooManyInFlight && output.actions.count == 1)
  }

  /// What makes room for another one.
  enum End: CaseIterable { case answered, failed, refused, endedElsewhere }

  @Test("whatever ends a query makes room for one more, and no more", arguments: End.allCases)
  func room(end: End) throws {
    var queries = QueryFlow(inFlightMax: 1)
    var output = SessionOutput()
    let members = try QueryFlowTests.request(.members)
    try queries.ask(members, sequence: 1, by: QueryFlowTests.bob.actor, &output)
    let failure = DaybookError(.overloaded, "later")
    switch end {
    case .answered:
      let answer = QueryAnswer(body: ByteBuffer(), observed: .none)
      queries.answered(.members.reply, sequence: 1, .success(answer), &output)
    case .failed: queries.answered(.members.reply, sequence: 1, .failure(failure), &output)
    case .refused:
      queries.inspected(
        members.query, .failure(failure), sequence: 1, for: QueryFlowTests.bob, &output)
    case .endedElsewhere: queries.ended()
    }
    let error = try QueryFlowTests.error(&output)
    #expect(error == ([.failed, .refused].contains(end) ? .overloaded : nil))
    try queries.begin()
    #expect(throws: DaybookError.self) { try queries.begin() }
  }

  private static let member = StreamPosition(
    cursor: .none, head: Seq(9), resumed: true, visible: [SeqInterval(first: Seq(3), last: nil)])
  private static let former = StreamPosition(
    cursor: .none, head: Seq(9), resumed: true, visible: [SeqInterval(first: Seq(3), last: Seq(5))])
  private static let atEnd = StreamPosition(
    cursor: .none, head: Seq(9), resumed: true, visible: [SeqInterval(first: Seq(3), last: Seq(9))],
    isDissolved: true)

  /// What is asked, what the owner answers, and how the query is then asked, or why it is refused.
  private static let rows: [(FrameType, Result<CommandOutcome, DaybookError>, Query?, ErrorCode?)] =
    [
      (
        .members, .success(.position(member)),
        .members(group, after: nil, limit: Limits.membersPageMax), nil
      ),
      (.members, .success(.position(former)), nil, .notAMember),
      // Nobody can join it first.
      (.members, .success(.position(atEnd)), nil, .groupDissolved),
      (.members, .failure(DaybookError(.notAMember, "no")), nil, .notAMember),
      (
        .group, .success(.position(member)),
        .group(group, asker: GroupAsker(isMember: true, role: .member, seesInside: true)), nil
      ),
      // That a group is there, strangers may know.
      (.group, .failure(DaybookError(.notAMember, "no")), .group(group, asker: .stranger), nil),
      (.group, .failure(DaybookError(.groupDissolved, "no")), .group(group, asker: .stranger), nil),
      (.group, .failure(DaybookError(.groupNotFound, "no")), nil, .groupNotFound),
      (
        .members, .success(.done(CommandResult(recordedAt: .none))), nil, .storageFailed
      ),
    ]

  @Test("a query about a group is asked as its owner allows, still one query", arguments: rows)
  func inspected(
    type: FrameType, outcome: Result<CommandOutcome, DaybookError>, asked: Query?,
    refused: ErrorCode?
  ) throws {
    var queries = QueryFlow(inFlightMax: 1)
    var output = SessionOutput()
    let request = try QueryFlowTests.request(type)
    try queries.ask(request, sequence: 7, by: QueryFlowTests.bob.actor, &output)
    guard case .submit(let command, let purpose)? = output.actions.first,
      case .inspect(peer: nil) = command.body, case .inspect(let query) = purpose.kind
    else {
      Issue.record("the owner is not asked")
      return
    }
    #expect(command.stream == .group(QueryFlowTests.group) && purpose.sequence == 7)
    output.actions = []
    queries.inspected(query, outcome, sequence: 7, for: QueryFlowTests.bob, &output)
    var next: Query?
    if case .query(let query, sequence: 7)? = output.actions.first { next = query }
    #expect(next == asked)
    let error = try QueryFlowTests.error(&output)
    #expect(error == refused)
    if asked != nil { #expect(throws: DaybookError.self) { try queries.begin() } }
  }

  @Test("what needs nobody's leave goes to the read side at once")
  func atOnce() throws {
    var queries = QueryFlow(inFlightMax: 1)
    var output = SessionOutput()
    try queries.ask(
      try QueryFlowTests.request(.devices), sequence: 7, by: QueryFlowTests.bob.actor, &output)
    guard case .query(.devices(UserID(checked: "bob")), sequence: 7)? = output.actions.first else {
      Issue.record("not asked")
      return
    }
    #expect(output.actions.count == 1)
  }
}
