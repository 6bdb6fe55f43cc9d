import DaybookModel
import NIOCore
import Ports

/// Acks on their way to the log: gathered, one command for a stream and tick. A lost one costs a
/// redelivery, which the client knows by its seq.
struct AckGathering {
  /// The highest ack of a stream that was not yet handed on, and the request that brought it.
  private struct PendingAck {
    var upTo: Seq
    var sequence: UInt32
  }

  /// `flush` is to be called.
  private var isScheduled = false
  /// With a pending ack, in the order they came to it.
  private var streams: [StreamKey] = []
  private var pending: [StreamKey: PendingAck] = [:]

  mutating func gather(
    upTo: Seq, of stream: StreamKey, sequence: UInt32, _ output: inout SessionOutput
  ) {
    let ack = PendingAck(upTo: upTo, sequence: sequence)
    if let before = pending[stream] {
      if upTo >= before.upTo { pending[stream] = ack }
    } else {
      streams.append(stream)
      pending[stream] = ack
    }
    guard !isScheduled else { return }
    isScheduled = true
    output.actions.append(.scheduleAcks)
  }

  /// At the end of a tick, and of the session. `registration` is the device's to its mailbox.
  mutating func flush(by actor: Actor, _ registration: Seq, _ output: inout SessionOutput) {
    guard isScheduled else { return }
    isScheduled = false
    for stream in streams { flush(stream, by: actor, registration, &output) }
    streams.removeAll(keepingCapacity: true)
  }

  /// Ahead of the tick's end: the owner is to know of it before what is asked next.
  mutating func flush(
    _ stream: StreamKey, by actor: Actor, _ registration: Seq, _ output: inout SessionOutput
  ) {
    guard let ack = pending.removeValue(forKey: stream) else { return }
    output.actions.append(
      .submit(
        Command(
          stream: stream, actor: actor, id: nil,
          body: .ack(upTo: ack.upTo, registration: registration)),
        CommandPurpose(sequence: ack.sequence, kind: .ack)))
  }
}
