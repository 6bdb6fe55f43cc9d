import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// Requests that change a stream.
extension SessionMachine {
  /// 9999-12-31T23:59:59.999Z: RFC 3339 has no later time, and everybody prints one.
  private static let clientTimeMax = Timestamp(milliseconds: 253_402_300_799_999)

  mutating func send(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try SendRequest(frameBody: frame.body)
    try ContentCoding.check(request.content)
    guard request.senderName.utf8.count <= Limits.senderNameBytesMax else {
      throw DaybookError(
        .invalidRequest, "sender_name is over \(Limits.senderNameBytesMax) bytes")
    }
    guard request.clientTime <= SessionMachine.clientTimeMax else {
      throw DaybookError(
        .invalidRequest, "client_time_ms is past the year 9999: state milliseconds since 1970, or 0"
      )
    }
    let message = Message(
      content: request.content, clientTime: request.clientTime, senderName: request.senderName)
    try submit(frame, request.context, stream: request.to, .send(message), &output)
  }

  mutating func read(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_ReadRequest(frameBody: frame.body)
    let context = try CommandContext(request.context)
    let conversation = try StreamKey(parsing: request.conversation)
    let upTo = Seq(request.upToSeq)
    guard let peer = conversation.userID else {
      return try submit(
        frame, context, stream: conversation, .read(peer: nil, upTo: upTo), &output)
    }
    let reader = try actor(context).user
    guard let reader else { throw SessionMachine.needsUser }
    try submit(
      frame, context, stream: .user(reader), .read(peer: peer, upTo: upTo), &output)
  }

  mutating func createGroup(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_CreateGroupRequest(frameBody: frame.body)
    guard request.title.utf8.count <= Limits.titleBytesMax else {
      throw DaybookError(.contentTooLarge, "a title has at most \(Limits.titleBytesMax) bytes")
    }
    try submit(
      frame, try CommandContext(request.context), stream: .group(try GroupID(request.group)),
      .createGroup(title: request.title), &output)
  }

  mutating func join(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_JoinRequest(frameBody: frame.body)
    try submit(
      frame, try CommandContext(request.context), stream: .group(try GroupID(request.group)),
      .join, &output)
  }

  mutating func leave(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_LeaveRequest(frameBody: frame.body)
    try submit(
      frame, try CommandContext(request.context), stream: .group(try GroupID(request.group)),
      .leave, &output)
  }

  private mutating func submit(
    _ frame: Frame, _ context: CommandContext, stream: StreamKey, _ body: Command.Body,
    _ output: inout SessionOutput
  ) throws(DaybookError) {
    let actor = try actor(context)
    guard context.number > 0 else {
      throw DaybookError(.invalidRequest, "a command has a number from 1 on: set context.number")
    }
    guard let origin = context.origin ?? origin else {
      throw DaybookError(
        .invalidRequest, "a command has an origin: set it in Connect or in the command's context")
    }
    inFlight += 1
    output.actions.append(
      .submit(
        Command(
          stream: stream, actor: actor,
          id: NumberedOrigin(origin: origin, number: context.number), observed: observed,
          body: body),
        CommandPurpose(sequence: frame.sequence, kind: .reply(frame.type.rawValue))))
  }

  /// Who acts: the session's user, or the one whom a service acts for.
  private func actor(_ context: CommandContext) throws(DaybookError) -> Actor {
    switch principal {
    case .device(let user, let device):
      guard context.actingFor == nil else {
        throw DaybookError(.notPermitted, "only a service may act for a user: leave out acting_for")
      }
      return Actor(user: user, device: device)
    case .service(let service):
      guard let user = context.actingFor else { throw SessionMachine.needsUser }
      return Actor(user: user, service: service)
    case nil: throw DaybookError(.outOfOrderFrame, "connect first")
    }
  }

  private static var needsUser: DaybookError {
    DaybookError(.invalidRequest, "a service's command acts for a user: set context.acting_for")
  }

  // MARK: answers

  mutating func answered(
    _ purpose: CommandPurpose, _ outcome: Result<CommandOutcome, DaybookError>,
    _ output: inout SessionOutput
  ) {
    if case .reply = purpose.kind { inFlight -= 1 }
    if case .inspect = purpose.kind { queriesInFlight -= 1 }
    guard !isClosed else { return }
    switch (purpose.kind, outcome) {
    case (.reply(let type), .success(let outcome)):
      observed = max(observed, outcome.messageID)
      output.reply(
        CommandReply(
          messageID: outcome.messageID, seq: outcome.seq, recordedAt: outcome.recordedAt,
          repeated: outcome.repeated, changed: outcome.changed),
        to: type, sequence: purpose.sequence)
    case (.ack, .success): break
    case (.open(let stream), .success(let outcome)): opened(stream, outcome, &output)
    case (.open(let stream), .failure(let error)): openFailed(stream, error, &output)
    case (.inspect(let query), .success(let outcome)):
      inspected(query, outcome, sequence: purpose.sequence, &output)
    case (.reply, .failure(let error)), (.ack, .failure(let error)),
      (.inspect, .failure(let error)):
      output.error(error, sequence: purpose.sequence)
    }
  }
}
