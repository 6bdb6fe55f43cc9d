import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import SwiftProtobuf
import WireProtocol

/// What connects the streams that a session follows with the rest of it.
extension SessionMachine {
  // MARK: opening

  mutating func open(_ stream: StreamKey, _ output: inout SessionOutput) {
    // So that a group joined again begins behind what was acked of the stay before.
    acks.flush(stream, by: actor, registration, &output)
    syncing?.open(stream, registration: registration, &output)
  }

  mutating func opened(
    _ stream: StreamKey, _ outcome: CommandOutcome, _ output: inout SessionOutput
  ) {
    let position: StreamPosition
    do throws(DaybookError) {
      position = try outcome.position()
    } catch {
      return openFailed(stream, error, &output)
    }
    if stream.kind == .user {
      mailboxOpened(position, &output)
      guard !isClosed else { return }
    }
    syncing?.opened(stream, position, &output)
    advance(&output)
  }

  private mutating func mailboxOpened(
    _ position: StreamPosition, _ output: inout SessionOutput
  ) {
    registration = position.registration
    presence?.blocked(are: position.blocked)
    sayConnected(resumed: position.resumed, &output)
    announce(&output)
    syncing?.want(position.groups)
    takeEarlyNews(after: position.head, &output)
  }

  mutating func openFailed(
    _ stream: StreamKey, _ error: DaybookError, _ output: inout SessionOutput
  ) {
    if connectReply != nil { return connectFailed(error, &output) }
    // The mailbox may lag behind the group: it names a group that the user has left. And a partition
    // that is read-only, or damaged, costs its own groups, not the session.
    switch error.code {
    case .notAMember, .groupNotFound, .groupDissolved, .partitionReadOnly, .logCorrupt: break
    default: return closing(error, &output)
    }
    syncing?.openFailed(stream, &output)
    openNext(&output)
  }

  private mutating func openNext(_ output: inout SessionOutput) {
    if let next = syncing?.nextToOpen(&output) { open(next, &output) }
  }

  // MARK: going on

  private mutating func advance(_ output: inout SessionOutput) {
    guard syncing?.mayAdvance(output) == true else { return }
    while let next = syncing?.advance(&output) { open(next, &output) }
  }

  mutating func pageRead(
    _ stream: StreamKey, _ result: Result<[StreamEvent], DaybookError>,
    _ output: inout SessionOutput
  ) {
    guard !isClosed, let taken = syncing?.pageRead(stream, result, &output) else { return }
    switch taken {
    case .dropped: break
    case .ended: openNext(&output)
    case .failed(let error): closing(error, &output)
    case .pushed(let events):
      for event in events { commands.observe(event.messageID) }
      advance(&output)
    }
  }

  /// What was said before is on its way, or, while `isFull`, waits to be read by the client.
  mutating func flushed(isFull: Bool, _ output: inout SessionOutput) {
    guard phase == .open else { return }
    presence?.flushed(isFull: isFull, &output)
    if syncing?.flushed(isFull: isFull, &output) == true { advance(&output) }
  }

  // MARK: acks

  mutating func ack(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try AckRequest(frameBody: frame.body)
    guard device != nil else {
      throw DaybookError(.notPermitted, "a service follows no stream and acks none")
    }
    try syncing?.acked(request.stream, request.upTo)
    acks.gather(upTo: request.upTo, of: request.stream, sequence: frame.sequence, &output)
    if syncing?.isAwaited(request.stream) == true { advance(&output) }
  }

  /// At the end of a tick, and of the session.
  mutating func flushAcks(_ output: inout SessionOutput) {
    acks.flush(by: actor, registration, &output)
  }

  // MARK: what commits

  /// An event of a followed stream has committed. `body` is the batch's.
  mutating func committed(
    _ stream: StreamKey, _ slot: EventSlot, _ body: ByteBuffer, _ output: inout SessionOutput
  ) {
    guard !isClosed,
      let bytes = body.getSlice(at: body.readerIndex + Int(slot.start), length: Int(slot.length)),
      let committed = syncing?.committed(stream, slot, bytes, &output)
    else { return }
    switch committed {
    case .notFollowed: return
    case .held: break
    case .pushed(let mayOpen):
      commands.observe(slot.messageID)
      if mayOpen { openNext(&output) }
    case .fellBehind: advance(&output)
    case .gap:
      // Batches come in order, so this can't be; were it so, syncing anew is what heals it.
      let gap = DaybookError(
        .storageFailed, "\(stream) went on at seq \(slot.seq) with some missing; connect again")
      return closing(gap, &output)
    }
    // Pushed first, where it is live: a device that was forgotten is told why it is closed.
    if stream.kind == .user { noteNews(slot, bytes, &output) }
  }

  // MARK: interruptions

  mutating func interrupted(_ stream: StreamKey, _ output: inout SessionOutput) {
    guard !isClosed else { return }
    syncing?.interrupted(stream, &output)
  }

  /// The owner has said how far the stream goes, and of the own mailbox also what changes the session
  /// itself.
  mutating func resumed(
    _ stream: StreamKey, _ outcome: Result<CommandOutcome, DaybookError>,
    _ output: inout SessionOutput
  ) {
    guard syncing?.follows(stream) == true else { return }
    do throws(DaybookError) {
      let position = try outcome.get().position()
      if stream.kind == .user { presence?.blocked(are: position.blocked) }
      syncing?.resumed(stream, position)
      advance(&output)
    } catch {
      closing(error, &output)
    }
  }
}
