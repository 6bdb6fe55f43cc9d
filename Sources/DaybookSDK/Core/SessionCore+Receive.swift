import DaybookModel
import DaybookSchema
import NIOCore
import SwiftProtobuf
package import WireProtocol

extension ErrorCode {
  /// The token has ended, or was made void: another one of the same holder may be good.
  var isOfSpentToken: Bool { self == .expiredToken || self == .tokenRevoked }
}

extension SessionCore {
  private static let commandReplies = Set(FrameType.commands.map(\.reply))
  private static let queryReplies = Set(
    FrameType.queries.union(FrameType.ofGateway).map(\.reply))
  /// Fetches without an answer, at most: a session has a bound of 32 questions, the application's own
  /// among them.
  private static let fetchesMax = 8

  /// Takes a frame of the server. A type that this version doesn't know is passed over.
  package mutating func receive(_ frame: Frame) {
    do throws(DaybookError) {
      switch frame.type {
      case .event: try receiveEvent(frame.body)
      case .error: try receiveError(frame)
      case .connect.reply: try receiveConnectReply(frame)
      case .fetch.reply: try receiveFetchReply(frame)
      case let type where SessionCore.commandReplies.contains(type): try receiveReply(frame)
      case let type where SessionCore.queryReplies.contains(type): try receiveQueryReply(frame)
      default: try receivePush(frame)
      }
    } catch {
      actions.append(.reconnect(error))
    }
  }

  private mutating func receivePush(_ frame: Frame) throws(DaybookError) {
    switch frame.type {
    case .following:
      let push = try Daybook_V1_Following(frameBody: frame.body)
      try follow(
        StreamKey(parsing: push.stream), cursor: Seq(push.cursor), head: Seq(push.headSeq))
    case .notVisible:
      let push = try Daybook_V1_NotVisible(frameBody: frame.body)
      guard push.range.fromSeq <= push.range.toSeq else { return }
      let range = Seq(push.range.fromSeq)...Seq(push.range.toSeq)
      advance(try StreamKey(parsing: push.stream)) { $0.skip(range) }
    case .caughtUp:
      isCaughtUpDue = true
      tellCaughtUp()
    case .behind where settings.connection.pulls:
      for head in try Daybook_V1_Behind(frameBody: frame.body).streams {
        announced(try StreamKey(parsing: head.stream), upTo: Seq(head.headSeq))
      }
    case .compressed where settings.connection.deflates:
      for inner in try FrameCompression.inflate(frame.body) { receive(inner) }
    case .awaitingAck: actions.append(.ackNow)
    case .presence:
      let push = try Daybook_V1_Presence(frameBody: frame.body)
      actions.append(.emit(.presence(UserPresence(push)), nil))
    case .typingPush:
      let push = try Daybook_V1_Typing(frameBody: frame.body)
      guard let conversation = Conversation(push.conversation) else { return }
      actions.append(.emit(.typing(user: push.user, conversation), nil))
    case .transient: tellTransient(frame.body)
    case .closing:
      let error = DaybookError(try Daybook_V1_Closing(frameBody: frame.body).error)
      let isOwnDoing = error.code == .sessionReplaced && hasAbandonedConnect
      if isOwnDoing { hasAbandonedConnect = false }
      actions.append(isWorthConnecting(error) || isOwnDoing ? .reconnect(error) : .stop(error))
    default: break
    }
  }

  /// Whether another connection may be better off than the one that this has ended.
  private func isWorthConnecting(_ error: DaybookError) -> Bool {
    error.code.isTemporary || (settings.renewsToken && error.code.isOfSpentToken)
  }

  /// Everything from before the session has been told.
  private mutating func tellCaughtUp() {
    guard isCaughtUpDue, !streams.values.contains(where: \.isIncomplete) else { return }
    isCaughtUpDue = false
    actions.append(.emit(.caughtUp, nil))
  }

  // MARK: session

  private mutating func receiveConnectReply(_ frame: Frame) throws(DaybookError) {
    guard phase == .connecting, calls.removeValue(forKey: frame.sequence) != nil else { return }
    let reply = try Daybook_V1_ConnectReply(frameBody: frame.body)
    if let info, info.logID != reply.logID {
      let error = DaybookError(
        .logRolledBack, "the server now has another log: start anew to use it")
      actions.append(.stop(error))
      return
    }
    // As if it had been online then: what was received counts no more.
    if let info, info.registration != reply.registration {
      let error = DaybookError(
        .deviceForgotten, "this device was forgotten meanwhile: start anew to use it")
      actions.append(.stop(error))
      return
    }
    // What waits here is the former one's.
    if let info, info.user ?? "" != reply.user || info.device ?? "" != reply.device {
      let error = DaybookError(
        .invalidArgument, "the token is of another user or device: make a client for it")
      actions.append(.stop(error))
      return
    }
    let info = SessionInfo(
      session: reply.session, user: reply.user.isEmpty ? nil : reply.user,
      device: reply.device.isEmpty ? nil : reply.device,
      service: reply.service.isEmpty ? nil : reply.service, resumed: reply.resumed,
      registration: reply.registration, logID: reply.logID,
      serverTime: Moment(millisecondsSince1970: reply.serverTimeMs))
    self.info = info
    user = info.user.map { UserID(checked: $0) }
    // A margin, so that a retry of the lowest number is always within the window.
    let window = reply.limits.originWindow == 0 ? 1024 : UInt64(reply.limits.originWindow)
    let inFlightMax = reply.limits.inFlightMax == 0 ? Int.max : Int(reply.limits.inFlightMax)
    bounds = CommandQueue.Bounds(
      inFlightMax: min(settings.inFlightMax, inFlightMax), numberSpanMax: window / 4 * 3)
    windowEvents = Int(reply.limits.windowEvents)
    phase = .online
    let (now, end) = (reply.serverTimeMs, reply.tokenExpiresAtMs)
    actions.append(
      .opened(
        heartbeatMilliseconds: reply.heartbeatIntervalMs,
        token: (lasts: end > now ? end - now : 0, until: end)))
    actions.append(.emit(.connection(.connected(info)), nil))
    flush()
    for (id, query) in queries.sorted(by: { $0.key < $1.key }) {
      call(.query(id), query.type, body: query.body)
    }
    watchAgain()
  }

  /// Presence is watched by sessions: a new one has to be told whom, so many in a request.
  private mutating func watchAgain() {
    var rest = watched.sorted()[...]
    while !rest.isEmpty {
      let request = Daybook_V1_OnlineRequest.with {
        $0.users = Array(rest.prefix(Limits.onlineUsersMax))
        $0.watch = true
      }
      call(.watch, .online, body: ByteBuffer(bytes: request.wireBytes()))
      rest = rest.dropFirst(Limits.onlineUsersMax)
    }
  }

  // MARK: answers

  private mutating func receiveReply(_ frame: Frame) throws(DaybookError) {
    let reply = try CommandReply(frameBody: frame.body)
    guard let token = queue.answered(frame.sequence) else { return }
    isDelayed = false
    actions.append(.answer(token: token, .success(reply)))
    if let peer = sends.removeValue(forKey: token) {
      tell(
        peer == user
          ? board.dropped(to: peer) : board.stored(reply.messageID, to: peer))
    }
    flush()
  }

  private mutating func receiveError(_ frame: Frame) throws(DaybookError) {
    let error = DaybookError(try Daybook_V1_ErrorReply(frameBody: frame.body))
    if let call = calls.removeValue(forKey: frame.sequence) {
      switch call {
      case .connect:
        // This one has arrived, and is answered.
        phase = .offline
        actions.append(isWorthConnecting(error) ? .reconnect(error) : .stop(error))
      case .query(let id):
        queries[id] = nil
        actions.append(.queryAnswer(id: id, .failure(error)))
      case .fetch:
        fetchesInFlight -= 1
        actions.append(error.code.isTemporary ? .reconnect(error) : .stop(error))
      // What was a good question once may be refused later: then there is no news.
      case .watch: break
      }
    } else if error.code.isTemporary, queue.turnAway(frame.sequence) {
      // Each retry is turned away anew: the user is told once.
      if !isDelayed { actions.append(.emit(.delayed(ClientError(error)), nil)) }
      isDelayed = true
      turnedAway(until: error.retryAfter)
    } else if let token = queue.answered(frame.sequence) {
      actions.append(.answer(token: token, .failure(error)))
      if let peer = sends.removeValue(forKey: token) { tell(board.dropped(to: peer)) }
      flush()
    } else if frame.sequence == 0 {
      actions.append(error.code.isTemporary ? .reconnect(error) : .stop(error))
    }
  }

  private mutating func receiveQueryReply(_ frame: Frame) throws(DaybookError) {
    switch calls.removeValue(forKey: frame.sequence) {
    case .query(let id):
      queries[id] = nil
      actions.append(.queryAnswer(id: id, .success(frame.body)))
    case .watch:
      for user in try Daybook_V1_OnlineReply(frameBody: frame.body).users {
        actions.append(.emit(.presence(UserPresence(user)), nil))
      }
    default: break
    }
  }

  // MARK: streams

  private mutating func follow(
    _ stream: StreamKey, cursor: Seq, head: Seq
  ) throws(DaybookError) {
    var tracker = streams[stream] ?? StreamTracker(cursor: cursor)
    guard tracker.follow(cursor: cursor, head: head) else {
      let error = DaybookError(
        .logRolledBack,
        "\(stream) ends at \(head) but \(tracker.position) was received: the server lost events")
      actions.append(.stop(error))
      return
    }
    streams[stream] = tracker
    acknowledge(stream)
    if settings.connection.pulls { announced(stream, upTo: head) }
    fetchGap(stream)
  }

  /// There is so much of it to fetch.
  private mutating func announced(_ stream: StreamKey, upTo head: Seq) {
    guard streams[stream]?.passOver(head) == true else { return }
    fetchGap(stream)
  }

  private mutating func receiveEvent(_ bytes: ByteBuffer) throws(DaybookError) {
    let event: Event
    do throws(DaybookError) {
      event = try EventDecoding.decode(bytes)
    } catch {
      // Of a kind that this version doesn't know: nothing to tell, but its seq has come.
      let unknown = try Daybook_V1_Event(frameBody: bytes)
      take(nil, try StreamKey(parsing: unknown.stream), Seq(unknown.seq))
      return
    }
    take(event, event.stream, event.seq)
  }

  private mutating func take(_ event: Event?, _ stream: StreamKey, _ seq: Seq) {
    if isHoldingBack, streams[stream]?.passOver(seq) == true { return }
    advance(stream) { $0.receive(seq, event) }
  }

  private mutating func receiveFetchReply(_ frame: Frame) throws(DaybookError) {
    guard case .fetch(let stream)? = calls.removeValue(forKey: frame.sequence) else { return }
    fetchesInFlight -= 1
    guard !isHoldingBack else {
      streams[stream]?.abandonFetch()
      return
    }
    let reply = try Daybook_V1_FetchReply(frameBody: frame.body)
    let before = streams[stream]?.position ?? .none
    for bytes in reply.events { try receiveEvent(ByteBuffer(bytes: bytes)) }
    for range in reply.notVisible where range.fromSeq <= range.toSeq {
      advance(stream) { $0.skip(Seq(range.fromSeq)...Seq(range.toSeq)) }
    }
    let isSound =
      streams[stream]?.fetched(positionBefore: before, more: reply.nextSeq != 0) ?? true
    guard isSound else {
      throw DaybookError(
        .logCorrupt, "the server has nothing of \(stream) behind \(before), and yet more after it")
    }
    fetchGap(stream)
    fetchGaps()
    tellCaughtUp()
  }

  /// Runs `take` on the stream's tracker and tells what it releases. Events of a stream that the
  /// server never said it follows are none of this session's.
  private mutating func advance(
    _ stream: StreamKey,
    _ take: (inout StreamTracker<Event?>) -> [StreamTracker<Event?>.Released]
  ) {
    guard let index = streams.index(forKey: stream) else { return }
    let released = take(&streams.values[index])
    for one in released { tell(one.element, at: AckPoint(stream: stream, seq: one.seq)) }
    if let seq = streams.values[index].takeRepeated() {
      actions.append(.emit(nil, AckPoint(stream: stream, seq: seq)))
    }
    fetchGap(stream)
    if isCaughtUpDue { tellCaughtUp() }
  }

  /// Those streams whose turn has come. More at a time the server would refuse, as questions.
  mutating func fetchGaps() {
    while fetchesInFlight < SessionCore.fetchesMax, let stream = gapped.popFirst() {
      fetchGap(stream)
    }
  }

  private mutating func fetchGap(_ stream: StreamKey) {
    guard phase == .online, !isHoldingBack, streams[stream]?.hasGap == true else { return }
    guard fetchesInFlight < SessionCore.fetchesMax else {
      gapped.insert(stream)
      return
    }
    guard let gap = streams[stream]?.gapToFetch() else { return }
    fetchesInFlight += 1
    let request = Daybook_V1_FetchRequest.with {
      $0.stream = stream.text
      $0.fromSeq = gap.lowerBound.rawValue
      $0.toSeq = gap.upperBound.rawValue
    }
    call(.fetch(stream), .fetch, body: ByteBuffer(bytes: request.wireBytes()))
  }
}
