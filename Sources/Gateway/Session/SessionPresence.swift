import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import WireProtocol

/// A request for users' presence, while their mailboxes' owners are asked whether it may be told.
struct OnlineCheck: Sendable {
  /// In the order asked.
  let users: [UserID]
  let watch: Bool
  var unanswered = 0
  /// Whom the session didn't watch before.
  var added: Set<UserID> = []
  var allowed: Set<UserID> = []
  /// Of an owner that could not say.
  var failure: DaybookError?

  init(users: [UserID], watch: Bool) {
    self.users = users
    self.watch = watch
  }
}

extension UserPresence {
  var message: Daybook_V1_Presence {
    .with {
      $0.user = user.text
      $0.online = !devices.isEmpty
      $0.devices = devices.map(\.text)
      $0.lastSeenMs = lastSeen.milliseconds
    }
  }
}

/// What is told of people and kept nowhere: who is online, who types, and transient messages.
extension SessionMachine {
  mutating func online(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_OnlineRequest(frameBody: frame.body)
    guard request.users.count <= Limits.onlineUsersMax else {
      throw DaybookError(.invalidRequest, "at most \(Limits.onlineUsersMax) users in one request")
    }
    var users: [UserID] = []
    for user in request.users { users.append(try UserID(user)) }
    let asked = Set(users)
    guard !request.watch || watched.union(asked).count <= options.watchedUsersMax else {
      throw DaybookError(
        .invalidRequest, "one session watches at most \(options.watchedUsersMax) users")
    }
    let inFlight = onlineChecks.values.reduce(users.count) { $0 + $1.users.count }
    guard inFlight <= options.onlineUsersInFlightMax else {
      throw DaybookError(
        .tooManyInFlight,
        "online queries for \(options.onlineUsersInFlightMax) users are unanswered; wait for one")
    }
    try queries.begin()
    var check = OnlineCheck(users: users, watch: request.watch)
    if request.watch {
      check.added = asked.subtracting(watched)
      watched.formUnion(asked)
      output.actions.append(.proposeWatch(asked.sorted()))
    }
    for other in asked.sorted() {
      if user == nil || other == user {
        check.allowed.insert(other)
      } else {
        check.unanswered += 1
        output.actions.append(
          .submit(
            Command(stream: .user(other), actor: actor, id: nil, body: .inspectContact),
            CommandPurpose(sequence: frame.sequence, kind: .contact(other))))
      }
    }
    onlineChecks[frame.sequence] = check
    if check.unanswered == 0 { finish(check, sequence: frame.sequence, &output) }
  }

  /// The owner of a user's mailbox has said whether this session may know.
  mutating func contactKnown(
    _ other: UserID, _ outcome: Result<CommandOutcome, DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    guard var check = onlineChecks[sequence] else { return }
    check.unanswered -= 1
    switch outcome {
    case .success: check.allowed.insert(other)
    case .failure(let error) where error.code == .notPermitted: break
    case .failure(let error): check.failure = error
    }
    onlineChecks[sequence] = check
    if check.unanswered == 0 { finish(check, sequence: sequence, &output) }
  }

  private mutating func finish(
    _ check: OnlineCheck, sequence: UInt32, _ output: inout SessionOutput
  ) {
    onlineChecks[sequence] = nil
    if let failure = check.failure {
      queries.ended()
      watched.subtract(check.added)
      if !check.added.isEmpty { output.actions.append(.unwatch(check.added)) }
      return output.error(failure, sequence: sequence)
    }
    if check.watch { watched.subtract(Set(check.users).subtracting(check.allowed)) }
    output.actions.append(.online(check, sequence: sequence))
  }

  mutating func onlineKnown(
    _ result: Result<[UserPresence], DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    queries.ended()
    guard !isClosed else { return }
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

  /// Not answered, not logged; what is over the limit is dropped.
  mutating func typing(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_TypingRequest(frameBody: frame.body)
    let conversation = try StreamKey(parsing: request.conversation)
    guard let user else { throw Requester.ownersOnly }
    if conversation.kind == .group, !isFollowed(conversation) {
      throw DaybookError(.notAMember, "only members of \(conversation) may type there")
    }
    guard conversation != .user(user), typed < options.typingMax else { return }
    typed += 1
    guard conversation.kind == .user else {
      return output.actions.append(.typing(user, to: conversation))
    }
    // Whom the receiver has never written to is a stranger there, and reaches nobody.
    output.actions.append(
      .submit(
        Command(stream: conversation, actor: actor, id: nil, body: .inspectContact),
        CommandPurpose(sequence: frame.sequence, kind: .typing(conversation))))
  }

  func mayType(in conversation: StreamKey, _ output: inout SessionOutput) {
    guard let user else { return }
    output.actions.append(.typing(user, to: conversation))
  }

  /// A device that is behind with a group is in it all the same.
  private func isFollowed(_ stream: StreamKey) -> Bool { following[stream]?.isFollowed ?? false }

  /// The user, once the owner has agreed that this session follows the stream.
  func follower(of stream: StreamKey) -> UserID? { hasOpened(stream) ? user : nil }

  /// Somebody types in a conversation of this session's user, named as this user sees it.
  func typingSeen(_ typist: UserID, to stream: StreamKey, _ output: inout SessionOutput) {
    // Whom the user has blocked is known from the mailbox's answer on.
    guard phase == .open, connectReply == nil, typist != user, !blocked.contains(typist),
      !flow.isFull
    else { return }
    guard stream.kind == .user || isFollowed(stream) else { return }
    let conversation = stream.kind == .user ? StreamKey.user(typist) : stream
    output.write(
      .typingPush,
      Daybook_V1_Typing.with {
        $0.user = typist.text
        $0.conversation = conversation.text
      })
  }

  /// The bytes of a message that no log has. Whether it may be said, its stream's owner has said.
  func transientSent(
    _ event: ByteBuffer, in stream: StreamKey, _ output: inout SessionOutput
  ) {
    guard phase == .open, connectReply == nil, !flow.isFull else { return }
    guard stream.kind == .user || isFollowed(stream) else { return }
    output.push(.transient, event: event)
  }
}
