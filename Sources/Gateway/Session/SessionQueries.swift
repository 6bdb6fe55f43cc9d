import DaybookModel
import NIOCore
import Ports
import Requests
import WireProtocol

/// Requests that change nothing: what they ask for is told by `QueryRequests`, and what of it may be
/// seen by `Visibility`.
extension SessionMachine {
  mutating func query(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    if frame.type == .online { return try online(frame, &output) }
    var request = try QueryRequests.parse(frame.type, frame.body, by: try connected())
    if let user, hasOpened(.user(user)), let head = following[.user(user)]?.head {
      request.ownHeadIsKnown(head)
    }
    try countQuery()
    guard let inspected = request.inspection else {
      return output.actions.append(.query(request.query, sequence: frame.sequence))
    }
    output.actions.append(
      .submit(
        Command(
          stream: inspected.stream, actor: actor, id: nil, body: .inspect(peer: inspected.peer)),
        CommandPurpose(sequence: frame.sequence, kind: .inspect(request.query))))
  }

  mutating func countQuery() throws(DaybookError) {
    guard queriesInFlight < options.queriesInFlightMax else {
      throw DaybookError(
        .tooManyInFlight,
        "\(queriesInFlight) queries are unanswered; wait for one, then ask again")
    }
    queriesInFlight += 1
  }

  // MARK: answers

  /// The owner has said what of the stream may be seen.
  mutating func inspected(
    _ query: Query, _ outcome: CommandOutcome, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    do throws(DaybookError) {
      let allowed = try Visibility.limit(
        query, to: try outcome.position(), for: try connected())
      queriesInFlight += 1
      output.actions.append(.query(allowed, sequence: sequence))
    } catch {
      output.error(error, sequence: sequence)
    }
  }

  mutating func inspectionFailed(
    _ query: Query, _ error: DaybookError, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    guard Visibility.isForStrangers(query, after: error) else {
      return output.error(error, sequence: sequence)
    }
    queriesInFlight += 1
    output.actions.append(.query(query, sequence: sequence))
  }

  mutating func queryAnswered(
    _ type: FrameType, sequence: UInt32, _ result: Result<QueryAnswer, DaybookError>,
    _ output: inout SessionOutput
  ) {
    queriesInFlight -= 1
    guard !isClosed else { return }
    switch result {
    case .success(let answer):
      observe(answer.observed)
      output.write(type, sequence: sequence, body: answer.body)
    case .failure(let error): output.error(error, sequence: sequence)
    }
  }
}
