import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import WireProtocol

/// What a session is told of people, and tells of its user, and nobody keeps: who is online, who
/// types, and transient messages.
struct PresenceFlow {
  struct Bounds {
    var watchedUsersMax: Int
    var onlineUsersInFlightMax: Int
    /// Between two ticks.
    var typingMax: Int
  }

  private let bounds: Bounds
  private let requester: Requester
  private let actor: Actor
  /// Whom the user has blocked.
  private var blocked: Set<UserID> = []
  private(set) var watched: Set<UserID> = []
  /// By their requests' sequences.
  private var checks: [UInt32: OnlineCheck] = [:]
  private var typed = 0
  /// What waits to be read by the client is as much as it may be: typing and transient messages are
  /// lost, and presence waits.
  private var isFull = false
  /// Where watched users are, as far as that waits.
  private var waiting: [UserID: UserPresence] = [:]

  init(for requester: Requester, _ bounds: Bounds) {
    self.bounds = bounds
    self.requester = requester
    actor = requester.actor
  }

  // MARK: who is online

  /// Throws where it asks for more than the session may.
  func admit(_ check: OnlineCheck) throws(DaybookError) {
    guard !check.watch || watched.union(check.users).count <= bounds.watchedUsersMax else {
      throw DaybookError(
        .invalidRequest, "one session watches at most \(bounds.watchedUsersMax) users")
    }
    let inFlight = checks.values.reduce(check.users.count) { $0 + $1.users.count }
    guard inFlight <= bounds.onlineUsersInFlightMax else {
      throw DaybookError(
        .tooManyInFlight,
        "online queries for \(bounds.onlineUsersInFlightMax) users are unanswered; wait for one")
    }
  }

  /// Asks the owners of others' mailboxes, if that was admitted.
  mutating func ask(_ check: OnlineCheck, sequence: UInt32, _ output: inout SessionOutput) {
    var check = check
    let asked = Set(check.users)
    if check.watch {
      check.added = asked.subtracting(watched)
      watched.formUnion(asked)
      output.actions.append(.proposeWatch(asked.sorted(), of: requester.user))
    }
    for other in asked.sorted() {
      if requester.user == nil || other == requester.user {
        check.allowed.insert(other)
      } else {
        check.unanswered += 1
        output.actions.append(
          .submit(
            Command(stream: .user(other), actor: actor, id: nil, body: .inspectContact),
            CommandPurpose(sequence: sequence, kind: .contact(other))))
      }
    }
    checks[sequence] = check
    if check.unanswered == 0 { _ = finish(check, sequence: sequence, &output) }
  }

  /// The owner of a user's mailbox has said whether this session may know. True if the request was
  /// thereby answered, with an error.
  mutating func contactKnown(
    _ other: UserID, _ outcome: Result<CommandOutcome, DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) -> Bool {
    guard var check = checks[sequence] else { return false }
    check.unanswered -= 1
    switch outcome {
    case .success: check.allowed.insert(other)
    case .failure(let error) where error.code == .notPermitted: break
    case .failure(let error): check.failure = error
    }
    checks[sequence] = check
    return check.unanswered == 0 && finish(check, sequence: sequence, &output)
  }

  private mutating func finish(
    _ check: OnlineCheck, sequence: UInt32, _ output: inout SessionOutput
  ) -> Bool {
    checks[sequence] = nil
    if let failure = check.failure {
      watched.subtract(check.added)
      if !check.added.isEmpty { output.actions.append(.unwatch(check.added)) }
      output.error(failure, sequence: sequence)
      return true
    }
    if check.watch { watched.subtract(Set(check.users).subtracting(check.allowed)) }
    output.actions.append(.online(check, sequence: sequence))
    return false
  }

  func onlineKnown(
    _ result: Result<[UserPresence], DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    switch result {
    case .failure(let error): output.error(error, sequence: sequence)
    case .success(let known):
      output.write(
        .online.reply, sequence: sequence,
        Daybook_V1_OnlineReply.with { $0.users = known.map(\.message) })
    }
  }

  /// The user has blocked this session's: as for all who may not know, it is offline.
  mutating func watchEnded(_ other: UserID, _ output: inout SessionOutput) {
    guard watched.remove(other) != nil else { return }
    presenceChanged(UserPresence(user: other), &output)
  }

  mutating func presenceChanged(_ presence: UserPresence, _ output: inout SessionOutput) {
    guard !blocked.contains(presence.user) else { return }
    guard !isFull else { return waiting[presence.user] = presence }
    output.write(.presence, presence.message)
  }

  // MARK: room

  /// What was said before is on its way, or, while `isFull`, waits to be read by the client.
  mutating func flushed(isFull: Bool, _ output: inout SessionOutput) {
    self.isFull = isFull
    guard !isFull, !waiting.isEmpty else { return }
    let changes = waiting.values.sorted { $0.user < $1.user }
    waiting = [:]
    for change in changes { presenceChanged(change, &output) }
  }

  // MARK: whom the user has blocked

  mutating func blocked(are users: [UserID]) { blocked = Set(users) }

  mutating func block(_ other: UserID, _ isBlocked: Bool) {
    if isBlocked { blocked.insert(other) } else { blocked.remove(other) }
  }

  // MARK: typing and transient messages

  /// Called at each tick, from where typing is counted anew.
  mutating func tick() { typed = 0 }

  /// The user types. Not answered, not logged; what is over the limit is dropped.
  mutating func typing(
    in conversation: StreamKey, sequence: UInt32, _ output: inout SessionOutput
  ) {
    guard let user = requester.user, conversation != .user(user), typed < bounds.typingMax
    else { return }
    typed += 1
    guard conversation.kind == .user else { return mayType(in: conversation, &output) }
    // Whom the receiver has never written to is a stranger there, and reaches nobody.
    output.actions.append(
      .submit(
        Command(stream: conversation, actor: actor, id: nil, body: .inspectContact),
        CommandPurpose(sequence: sequence, kind: .typing(conversation))))
  }

  func mayType(in conversation: StreamKey, _ output: inout SessionOutput) {
    guard let user = requester.user else { return }
    output.actions.append(.typing(user, to: conversation))
  }

  /// Somebody types in a conversation of this session's user, named as this user sees it.
  func typingSeen(_ typist: UserID, to stream: StreamKey, _ output: inout SessionOutput) {
    guard typist != requester.user, !blocked.contains(typist), !isFull else { return }
    let conversation = stream.kind == .user ? StreamKey.user(typist) : stream
    output.write(
      .typingPush,
      Daybook_V1_Typing.with {
        $0.user = typist.text
        $0.conversation = conversation.text
      })
  }

  /// The bytes of a message that no log has. Whether it may be said, its stream's owner has said.
  func transientSent(_ event: ByteBuffer, _ output: inout SessionOutput) {
    guard !isFull else { return }
    output.push(.transient, event: event)
  }
}
