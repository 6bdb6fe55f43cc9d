import DaybookModel
import NIOCore
import Ports
import WireProtocol

/// Acks: each slides its stream's window at once, whatever the log says to it later, and is
/// gathered for the log, one command for a stream and tick. A lost one costs a redelivery, which the
/// client knows by its seq.
extension SessionMachine {
  /// The highest ack of a stream that was not yet handed on, and the request that brought it.
  struct PendingAck {
    var upTo: Seq
    var sequence: UInt32
  }

  mutating func ack(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try AckRequest(frameBody: frame.body)
    guard device != nil else {
      throw DaybookError(.notPermitted, "a service follows no stream and acks none")
    }
    try takeNote(of: request)
    gather(PendingAck(upTo: request.upTo, sequence: frame.sequence), of: request.stream)
    if !acksAreScheduled {
      acksAreScheduled = true
      output.actions.append(.scheduleAcks)
    }
    if request.stream == syncing || flow.behind.contains(request.stream) { advance(&output) }
  }

  /// From the first `following` of a stream on, also once it has ended, for its last events are
  /// acked like all others; and while it opens again, for what that answers was sent before.
  private mutating func takeNote(of request: AckRequest) throws(DaybookError) {
    let stream = request.stream
    if hasOpened(stream) {
      following[stream]?.acked(request.upTo)
    } else if let before = ended[stream] {
      ended[stream] = max(before, request.upTo)
    } else {
      throw DaybookError(
        .invalidRequest,
        "this session has not followed \(stream): there is nothing to ack before 'following'")
    }
  }

  private mutating func gather(_ ack: PendingAck, of stream: StreamKey) {
    guard let pending = pendingAcks[stream] else {
      ackedStreams.append(stream)
      pendingAcks[stream] = ack
      return
    }
    if ack.upTo >= pending.upTo { pendingAcks[stream] = ack }
  }

  /// At the end of a tick, and of the session.
  mutating func flushAcks(_ output: inout SessionOutput) {
    guard acksAreScheduled else { return }
    acksAreScheduled = false
    for stream in ackedStreams { flushAck(of: stream, &output) }
    ackedStreams.removeAll(keepingCapacity: true)
  }

  /// Ahead of the tick's end: the owner is to know of it before what is asked next.
  mutating func flushAck(of stream: StreamKey, _ output: inout SessionOutput) {
    guard let ack = pendingAcks.removeValue(forKey: stream) else { return }
    output.actions.append(
      .submit(
        Command(
          stream: stream, actor: actor, id: nil,
          body: .ack(upTo: ack.upTo, registration: registration)),
        CommandPurpose(sequence: ack.sequence, kind: .ack)))
  }
}
