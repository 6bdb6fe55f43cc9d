import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import SwiftProtobuf
import WireProtocol

/// Following streams: the mailbox first, then each group, then whatever is joined.
extension SessionMachine {
  func hasOpened(_ stream: StreamKey) -> Bool {
    following[stream].map { $0.phase != .opening } ?? false
  }

  mutating func open(_ stream: StreamKey, _ output: inout SessionOutput) {
    guard device != nil else { return }
    syncing = stream
    // So that a group joined again begins behind what was acked of the stay before.
    acks.flush(stream, by: actor, registration, &output)
    following[stream] = StreamFollowing(stream, window: options.window)
    output.actions.append(.subscribe(stream))
    output.actions.append(
      .submit(
        Command(
          stream: stream, actor: actor, id: nil, body: .openCursor(registration: registration)),
        CommandPurpose(sequence: 0, kind: .open(stream))))
  }

  /// Each ack slides its stream's window at once, whatever the log says to it later.
  mutating func ack(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try AckRequest(frameBody: frame.body)
    guard device != nil else {
      throw DaybookError(.notPermitted, "a service follows no stream and acks none")
    }
    try takeNote(of: request)
    acks.gather(upTo: request.upTo, of: request.stream, sequence: frame.sequence, &output)
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

  /// At the end of a tick, and of the session.
  mutating func flushAcks(_ output: inout SessionOutput) {
    acks.flush(by: actor, registration, &output)
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
    following[stream]?.opened(position)
    if stream.kind == .user {
      mailboxOpened(position, &output)
      guard !isClosed else { return }
    }
    if let acked = ended.removeValue(forKey: stream) { following[stream]?.acked(acked) }
    output.write(
      .following,
      Daybook_V1_Following.with {
        $0.stream = stream.text
        $0.cursor = min(position.cursor, position.head).rawValue
        $0.headSeq = position.head.rawValue
      })
    advance(&output)
  }

  private mutating func mailboxOpened(
    _ position: StreamPosition, _ output: inout SessionOutput
  ) {
    registration = position.registration
    presence?.blocked(are: position.blocked)
    sayConnected(resumed: position.resumed, &output)
    announce(&output)
    toFollow += position.groups.map { .group($0) }
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
    end(stream, say: false, &output)
  }

  /// The next that waits to be opened, once nothing syncs; the end of the sync if none does.
  mutating func followNext(_ output: inout SessionOutput) {
    guard syncing == nil, device != nil else { return }
    guard mayPush(output) else { return flow.isOwing = true }
    if let next = toFollow.first {
      toFollow.removeFirst()
      open(next, &output)
    } else if !saidCaughtUp {
      saidCaughtUp = true
      output.write(.caughtUp, Daybook_V1_CaughtUp())
    }
  }

  /// A page that was read for a stream that has more than was pushed.
  mutating func pageRead(
    _ stream: StreamKey, _ result: Result<[StreamEvent], DaybookError>,
    _ output: inout SessionOutput
  ) {
    flow.pageRead(of: stream)
    guard !isClosed, following[stream]?.isReading == true else { return }
    guard mayPush(output) else {
      flow.isOwing = true
      following[stream]?.droppedPage()
      return
    }
    switch result {
    case .failure(let error) where stream.kind == .group && error.code == .logCorrupt:
      // As where it can't be opened: what is damaged costs its own groups.
      end(stream, say: false, &output)
    case .failure(let error): closing(error, &output)
    case .success(let page):
      guard let taken = following[stream]?.took(page: page) else {
        let torn = DaybookError(
          .storageFailed, "a page of \(stream) does not follow what was sent; connect again")
        return closing(torn, &output)
      }
      for event in page.prefix(taken) {
        commands.observe(event.messageID)
        output.push(event: event.bytes)
        if stream.kind == .user { noteJoin(in: event) }
      }
      advance(&output)
    }
  }

  /// What the stream's partition has committed since may not have been told.
  mutating func interrupted(_ stream: StreamKey, _ output: inout SessionOutput) {
    guard !isClosed, following[stream]?.interrupted() == true else { return }
    if stream != syncing, !flow.behind.contains(stream) { flow.fallBehind(stream) }
    output.actions.append(
      .submit(
        Command(stream: stream, actor: actor, id: nil, body: .inspect(peer: nil)),
        CommandPurpose(sequence: 0, kind: .resume(stream))))
  }

  /// What was missed is read from the log; of the own mailbox also what changes the session itself.
  mutating func resumed(
    _ stream: StreamKey, _ outcome: Result<CommandOutcome, DaybookError>,
    _ output: inout SessionOutput
  ) {
    guard following[stream] != nil else { return }
    do throws(DaybookError) {
      let position = try outcome.get().position()
      if stream.kind == .user {
        presence?.blocked(are: position.blocked)
        for group in position.groups where following[.group(group)] == nil { wantGroup(group) }
      }
      following[stream]?.resumed(position)
      advance(&output)
    } catch {
      closing(error, &output)
    }
  }

  /// Joins up to the mailbox's head at its opening are in the owner's answer already.
  private mutating func noteJoin(in event: StreamEvent) {
    guard let mailbox = user.map({ StreamKey.user($0) }),
      let known = following[mailbox]?.openedHead, event.seq > known,
      let group = SessionMachine.groupJoined(event.bytes)
    else { return }
    wantGroup(group)
  }

  private mutating func wantGroup(_ group: GroupID) {
    let stream = StreamKey.group(group)
    if following[stream] != nil {
      following[stream]?.reopens = true
    } else if !toFollow.contains(stream) {
      toFollow.append(stream)
    }
  }

  /// An event of a followed stream has committed. `body` is the batch's.
  mutating func committed(
    _ stream: StreamKey, _ slot: EventSlot, _ body: ByteBuffer, _ output: inout SessionOutput
  ) {
    guard !isClosed else { return }
    func event() -> ByteBuffer? {
      body.getSlice(at: body.readerIndex + Int(slot.start), length: Int(slot.length))
    }
    guard following[stream] != nil, let bytes = event() else { return }
    // Pushed first, where it is live: a device that was forgotten is told why it is closed.
    defer { if stream.kind == .user { noteNews(slot, bytes, &output) } }
    let (ends, mayPush) = (ending(slot, bytes), mayPush(output))
    let verdict = following[stream]?.committed(
      slot.seq, bytes: bytes.readableBytes, ends: ends, mayPush: mayPush)
    switch verdict {
    case .push: push(bytes, slot, &output)
    case .pushLast:
      push(bytes, slot, &output)
      end(stream, say: true, &output)
    case .fallBehind: fellBehind(stream, &output)
    case .gap:
      // Batches come in order, so this can't be; were it so, syncing anew is what heals it.
      let gap = DaybookError(
        .storageFailed, "\(stream) went on at seq \(slot.seq) with some missing; connect again")
      closing(gap, &output)
    case .hold, .drop, nil: break
    }
  }

  private func ending(_ slot: EventSlot, _ bytes: ByteBuffer) -> StreamFollowing.Ending? {
    switch slot.kind {
    case .groupDissolved: .dissolved
    case .memberLeft: user != nil && SessionMachine.memberLeft(bytes) == user ? .left : nil
    default: nil
    }
  }

  private mutating func push(
    _ bytes: ByteBuffer, _ slot: EventSlot, _ output: inout SessionOutput
  ) {
    commands.observe(slot.messageID)
    output.push(event: bytes)
    guard slot.kind == .groupJoined, let group = SessionMachine.groupJoined(bytes) else { return }
    wantGroup(group)
    followNext(&output)
  }

  mutating func end(_ stream: StreamKey, say: Bool, _ output: inout SessionOutput) {
    output.actions.append(.unsubscribe(stream))
    flow.forget(stream)
    guard let followed = following.removeValue(forKey: stream) else { return }
    if followed.phase != .opening { ended[stream] = followed.ackedUpTo }
    if say {
      output.write(.unfollowed, Daybook_V1_Unfollowed.with { $0.stream = stream.text })
    }
    if followed.ending == .dissolved, let group = stream.groupID, let last = followed.closesAt {
      note(.dropGroup(group, at: last), &output)
    } else if followed.reopens {
      toFollow.append(stream)
    }
    if syncing == stream { syncing = nil }
    followNext(&output)
  }

  private static func groupJoined(_ bytes: ByteBuffer) -> GroupID? {
    guard case .groupJoined(let group, _)? = try? EventDecoding.decode(bytes).body else {
      return nil
    }
    return group
  }

  private static func memberLeft(_ bytes: ByteBuffer) -> UserID? {
    guard case .memberLeft(let member, _)? = try? EventDecoding.decode(bytes).body else {
      return nil
    }
    return member
  }
}
