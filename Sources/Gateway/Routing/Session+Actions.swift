import DaybookModel
import DaybookSchema
import Logging
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import WireProtocol

/// Runs what a session's state machine asks for.
extension Session {
  func run(_ action: SessionAction) {
    let context = home.context
    switch action {
    case .submit(let command, let purpose): home.submit(command, purpose, from: self)
    case .checkToken(let token): check(token) { $0.tokenChecked($1, &$2) }
    case .checkRenewal(let token, let sequence):
      check(token) { $0.renewalChecked($1, sequence: sequence, &$2) }
    case .tellRefusedAddresses(let sequence): tellRefusedAddresses(sequence)
    case .liftRefusal(let address, let sequence): liftRefusal(of: address, sequence)
    case .scheduleExpiry(let delay): scheduleExpiry(after: delay)
    case .query(let query, let sequence): ask(query, sequence)
    case .resolve(let name, let reading, let sequence):
      resolve(name, reading: reading, sequence: sequence)
    case .readPage(let stream, let from, let through, let bytesMax):
      readPage(stream, from, through, bytesMax)
    case .subscribe(let stream):
      if subscribed.insert(stream).inserted { home.subscribe(self, to: stream) }
    case .unsubscribe(let stream):
      if subscribed.remove(stream) != nil { home.unsubscribe(self, from: stream) }
    case .hide(let user):
      if connection != nil { context.registry.hide(handle, of: user) }
    case .register(let device): register(device)
    case .proposeWatch(let users, let user):
      // A connection that has ended has left the registry for good.
      guard connection != nil else { return }
      context.registry.propose(users, watchedBy: handle, of: user)
    case .online(let check, let sequence): answer(check, sequence)
    case .unwatch(let users): context.registry.unwatch(users, by: handle)
    case .typing(let user, let stream): typing(user, stream)
    case .pushTransient(let event, let isWithheld): push(event, isWithheld: isWithheld)
    case .logRefusal(let traceID, let error): logCommand(traceID, error, took: .zero)
    case .scheduleAcks: home.scheduleAcks(of: self)
    case .scheduleGroupCursors: home.scheduleGroupCursors(of: self)
    case .close: close()
    }
  }

  private func register(_ device: ConnectingDevice) {
    guard connection != nil else { return }
    registered = (device.user, device.device)
    home.context.registry.register(handle, of: device, under: home.context.devicePolicy)
  }

  private func scheduleExpiry(after delay: Duration) {
    guard connection != nil else { return }
    expiry?.cancel()
    expiry = home.loop.scheduleTask(in: TimeAmount(delay)) { [self, home] in
      input { $0.expiryDue(&$1) }
      home.settle()
    }
  }

  // MARK: for operators

  private func tellRefusedAddresses(_ sequence: UInt32) {
    let context = home.context
    let refused = context.addresses.refused(now: context.clock.uptime())
    output.write(
      .refusedAddresses.reply, sequence: sequence,
      Daybook_V1_RefusedAddressesReply.with { reply in
        reply.addresses = refused.map { refused in
          .with {
            $0.address = refused.address
            $0.refusedForMs = UInt64(refused.refusedFor.inMilliseconds)
            $0.failures = refused.failures
          }
        }
      })
  }

  private func liftRefusal(of address: String, _ sequence: UInt32) {
    let context = home.context
    let isLifted = context.addresses.lift(address, now: context.clock.uptime())
    if isLifted { context.logger.notice("\(PrintableText.quoted(address)) is let in again") }
    output.write(
      .liftRefusal.reply, sequence: sequence,
      Daybook_V1_LiftRefusalReply.with { $0.lifted = isLifted })
  }

  // MARK: to other sessions

  private func typing(_ user: UserID, _ stream: StreamKey) {
    let registry = home.context.registry
    if let receiver = stream.userID {
      registry.tell(.typing(user, in: stream), to: [receiver], except: nil)
    } else {
      registry.tell(.typing(user, in: stream), followersOf: stream, except: nil)
    }
  }

  /// To the receiver's sessions and to the sender's other ones, or to all that follow the group.
  private func push(_ event: Event, isWithheld: Bool) {
    let registry = home.context.registry
    let stream = event.stream
    let news = SessionNews.transient(EventEncoding.encode(event), in: stream)
    guard let receiver = stream.userID else {
      return registry.tell(news, followersOf: stream, except: handle)
    }
    var users = isWithheld ? [] : [receiver]
    if let sender = event.actor.user, sender != receiver { users.append(sender) }
    registry.tell(news, to: users, except: handle)
  }

  // MARK: what is not of the hot path

  private func check(
    _ token: String,
    then take:
      @escaping @Sendable (
        inout SessionMachine, Result<CheckedToken, DaybookError>, inout SessionOutput
      ) -> Void
  ) {
    let tokens = home.context.tokens
    if let known = tokens.checkAtOnce(token) {
      return input { take(&$0, .success(known), &$1) }
    }
    home.context.work.run { () async throws(DaybookError) in
      try await tokens.check(token)
    } then: { result in
      self.onLoop { take(&$0, result, &$1) }
    }
  }

  private func resolve(
    _ name: MessageName, reading: MessageReading?, sequence: UInt32
  ) {
    let resolver = MessageResolver(queries: home.context.queries)
    leased(Session.smallWorkBytes, within: home.context.options.queryWait) {
      () async throws(DaybookError) in
      try await resolver.find(name, reading: reading)
    } then: { result, _ in
      self.input { $0.resolved(result, sequence: sequence, &$1) }
    }
  }

  /// Waits as long as it takes: a sync that is refused would only begin again.
  private func readPage(_ stream: StreamKey, _ from: Seq, _ through: Seq, _ bytesMax: Int) {
    let queries = home.context.queries
    leased(Session.smallWorkBytes + 2 * bytesMax, within: nil) {
      () async throws(DaybookError) in
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
    let registry = home.context.registry
    if check.watch {
      registry.unwatch(Set(check.users).subtracting(check.allowed), by: handle)
    }
    let absent = registry.presence(of: check.allowed.sorted())
      .filter(\.devices.isEmpty).map(\.user)
    let queries = home.context.queries
    leased(Session.smallWorkBytes, within: home.context.options.queryWait) {
      () async throws(DaybookError) in
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
    let allowed = check.allowed.sorted()
    let registry = home.context.registry
    let known =
      check.watch ? registry.watch(allowed, by: handle) : registry.presence(of: allowed)
    var answers: [UserID: UserPresence] = [:]
    for var presence in known {
      // Who is missing from the read side's answer was online when it was asked.
      if presence.devices.isEmpty { presence.lastSeen = lastSeen[presence.user] ?? now }
      answers[presence.user] = presence
    }
    return check.users.map { answers[$0] ?? UserPresence(user: $0) }
  }
}
