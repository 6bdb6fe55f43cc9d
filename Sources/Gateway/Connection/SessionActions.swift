import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import WireProtocol

/// Runs what a session's state machine asks for.
extension SessionHandler {
  func run(_ action: SessionAction) {
    let context = home.context
    switch action {
    case .submit(let command, let purpose): home.submit(command, purpose, from: self)
    case .checkToken(let token): check(token)
    case .scheduleExpiry(let delay): scheduleExpiry(after: delay)
    case .query(let query, let sequence): ask(query, sequence)
    case .resolve(let name, let reading): resolve(name, reading: reading)
    case .readPage(let stream, let from, let through, let bytesMax):
      readPage(stream, from, through, bytesMax)
    case .subscribe(let stream):
      if subscribed.insert(stream).inserted { home.subscribe(self, to: stream) }
    case .unsubscribe(let stream):
      if subscribed.remove(stream) != nil { home.unsubscribe(self, from: stream) }
    case .register(let user, let device): register(user, device)
    case .proposeWatch(let users):
      // A connection that has ended has left the registry for good.
      guard channel != nil else { return }
      context.presence.propose(users, watchedBy: self, of: machine.user)
    case .online(let check, let sequence): answer(check, sequence)
    case .unwatch(let users): home.context.presence.unwatch(users, by: self)
    case .typing(let user, let stream): typing(user, stream)
    case .pushTransient(let event, let isWithheld): push(event, isWithheld: isWithheld)
    case .scheduleAcks: home.scheduleAcks(of: self)
    case .close:
      isClosing = true
      // However slow the other side is to read what was said last, or to close.
      closeDeadline = home.loop.scheduleTask(in: .seconds(2)) { self.channel?.close(promise: nil) }
      // What no flush follows is closed at once.
      if output.isEmpty { hangUp() }
    }
  }

  private func register(_ user: UserID, _ device: DeviceID) {
    guard channel != nil else { return }
    registered = (user, device)
    let older = home.context.presence.register(user, device, self)
    older?.onLoop {
      $0.closing(
        DaybookError(.sessionReplaced, "this device has connected again elsewhere"), &$1)
    }
  }

  private func scheduleExpiry(after delay: Duration) {
    guard channel != nil else { return }
    expiry = home.loop.scheduleTask(in: TimeAmount(delay)) {
      self.input { $0.expiryDue(&$1) }
      self.home.settle()
    }
  }

  // MARK: to other sessions

  private func typing(_ user: UserID, _ stream: StreamKey) {
    if let receiver = stream.userID {
      for session in home.context.presence.sessions(of: receiver) {
        session.onLoop { $0.typingSeen(user, to: stream, &$1) }
      }
    } else {
      for loop in home.context.loops {
        loop.loop.execute { loop.typing(user, to: stream) }
      }
    }
  }

  /// To the receiver's sessions and to the sender's other ones, or to all that follow the group.
  private func push(_ event: Event, isWithheld: Bool) {
    let bytes = EventEncoding.encode(event)
    let stream = event.stream
    guard let receiver = stream.userID else {
      for loop in home.context.loops {
        loop.loop.execute { loop.transient(bytes, to: stream, from: self) }
      }
      return
    }
    let presence = home.context.presence
    var sessions = isWithheld ? [] : presence.sessions(of: receiver)
    if let sender = event.actor.user, sender != receiver {
      sessions += presence.sessions(of: sender)
    }
    for session in sessions where session !== self {
      session.onLoop { $0.transientSent(bytes, in: stream, &$1) }
    }
  }

  // MARK: what is not of the hot path

  private func check(_ token: String) {
    let tokens = home.context.tokens
    Task(executorPreference: home.context.threads) {
      let result: Result<CheckedToken, DaybookError>
      do throws(DaybookError) {
        result = .success(try await tokens.check(token))
      } catch {
        result = .failure(error)
      }
      self.onLoop { $0.tokenChecked(result, &$1) }
    }
  }

  private func resolve(_ name: MessageName, reading: MessageReading?) {
    let resolver = MessageResolver(queries: home.context.queries)
    leased(SessionHandler.smallWorkBytes, within: home.context.options.queryWait) {
      try await resolver.find(name, reading: reading)
    } then: { result, _ in
      self.input { $0.resolved(result, &$1) }
    }
  }

  /// Waits as long as it takes: a sync that is refused would only begin again.
  private func readPage(_ stream: StreamKey, _ from: Seq, _ through: Seq, _ bytesMax: Int) {
    let queries = home.context.queries
    leased(2 * Limits.pageBytesMax, within: nil) {
      try await queries.events(
        of: stream, from: from, through: through, limit: Limits.pageEventsMax,
        bytesMax: min(bytesMax, Limits.pageBytesMax))
    } then: { result, _ in
      self.input { $0.pageRead(stream, result, &$1) }
    }
  }

  /// The read side knows when those were here who are not; where all are now is asked last, so
  /// that no push overtakes the answer.
  private func answer(_ check: OnlineCheck, _ sequence: UInt32) {
    let presence = home.context.presence
    if check.watch {
      presence.unwatch(Set(check.users).subtracting(check.allowed), by: self)
    }
    let absent = presence.presence(of: Array(check.allowed))
      .filter(\.devices.isEmpty).map(\.user)
    let queries = home.context.queries
    leased(SessionHandler.smallWorkBytes, within: home.context.options.queryWait) {
      absent.isEmpty ? [] : try await queries.lastSeen(of: absent)
    } then: { seen, _ in
      let known = seen.map { self.presences(check, seen: zip(absent, $0)) }
      self.input { $0.onlineKnown(known, sequence: sequence, &$1) }
    }
  }

  private func presences(
    _ check: OnlineCheck, seen: Zip2Sequence<[UserID], [Timestamp]>
  ) -> [UserPresence] {
    let lastSeen = Dictionary(seen, uniquingKeysWith: { first, _ in first })
    let now = home.context.clock.now()
    let allowed = Array(check.allowed)
    let presence = home.context.presence
    let known = check.watch ? presence.watch(allowed, by: self) : presence.presence(of: allowed)
    var answers: [UserID: UserPresence] = [:]
    for var presence in known {
      // Who is missing from the read side's answer was online when it was asked.
      if presence.devices.isEmpty { presence.lastSeen = lastSeen[presence.user] ?? now }
      answers[presence.user] = presence
    }
    return check.users.map { answers[$0] ?? UserPresence(user: $0) }
  }
}
