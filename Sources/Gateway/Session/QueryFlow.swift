import DaybookModel
import NIOCore
import Ports
import Requests
import WireProtocol

/// Requests that change nothing, while they are unanswered: whoever has too many is refused the next.
/// What they ask for is told by `QueryRequests`, and what of it may be seen by `Visibility`.
struct QueryFlow {
  private let inFlightMax: Int
  private var inFlight = 0

  init(inFlightMax: Int) { self.inFlightMax = inFlightMax }

  var isAsked: Bool { inFlight > 0 }

  /// One more is asked, of whatever kind. `ended` is to be called when it has its answer.
  mutating func begin() throws(DaybookError) {
    guard inFlight < inFlightMax else {
      throw DaybookError(
        .tooManyInFlight, "\(inFlight) queries are unanswered; wait for one, then ask again")
    }
    inFlight += 1
  }

  mutating func ended() { inFlight -= 1 }

  mutating func ask(
    _ request: QueryRequest, sequence: UInt32, by actor: Actor, _ output: inout SessionOutput
  ) throws(DaybookError) {
    try begin()
    guard let inspected = request.inspection else {
      return output.actions.append(.query(request.query, sequence: sequence))
    }
    output.actions.append(
      .submit(
        Command(
          stream: inspected.stream, actor: actor, id: nil, body: .inspect(peer: inspected.peer)),
        CommandPurpose(sequence: sequence, kind: .inspect(request.query))))
  }

  /// The owner has said what of the stream `requester` may see.
  mutating func inspected(
    _ query: Query, _ outcome: Result<CommandOutcome, DaybookError>, sequence: UInt32,
    for requester: Requester, _ output: inout SessionOutput
  ) {
    do throws(DaybookError) {
      let allowed = try QueryFlow.allowed(query, outcome, for: requester)
      output.actions.append(.query(allowed, sequence: sequence))
    } catch {
      ended()
      output.error(error, sequence: sequence)
    }
  }

  private static func allowed(
    _ query: Query, _ outcome: Result<CommandOutcome, DaybookError>, for requester: Requester
  ) throws(DaybookError) -> Query {
    switch outcome {
    case .success(let outcome):
      return try Visibility.limit(query, to: try outcome.position(), for: requester)
    case .failure(let error):
      guard Visibility.isForStrangers(query, after: error) else { throw error }
      return query
    }
  }

  mutating func answered(
    _ type: FrameType, sequence: UInt32, _ result: Result<QueryAnswer, DaybookError>,
    _ output: inout SessionOutput
  ) {
    ended()
    switch result {
    case .success(let answer): output.write(type, sequence: sequence, body: answer.body)
    case .failure(let error): output.error(error, sequence: sequence)
    }
  }
}
