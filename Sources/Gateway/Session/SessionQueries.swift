import DaybookModel
import NIOCore
import Ports
import Requests
import WireProtocol

/// Requests that change nothing.
extension SessionMachine {
  mutating func query(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    if frame.type == .online { return try online(frame, &output) }
    var request = try QueryRequests.parse(frame.type, frame.body, by: try connected())
    if let head = syncing?.mailboxHead { request.ownHeadIsKnown(head) }
    try queries.ask(request, sequence: frame.sequence, by: actor, &output)
  }

  mutating func queryAnswered(
    _ type: FrameType, sequence: UInt32, _ result: Result<QueryAnswer, DaybookError>,
    _ output: inout SessionOutput
  ) {
    guard !isClosed else { return }
    if case .success(let answer) = result { commands.observe(answer.observed) }
    queries.answered(type, sequence: sequence, result, &output)
  }
}
