import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// Requests that change nothing, and typing.
extension SessionMachine {
  mutating func fetch(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_FetchRequest(frameBody: frame.body)
    let stream = try StreamKey(parsing: request.stream)
    let from = Seq(max(1, request.fromSeq))
    let through = Seq(request.toSeq)
    if stream.kind == .group {
      return try inspect(
        stream, .fetch(stream, from: from, through: through, head: .none, visible: nil), frame,
        &output)
    }
    guard let user, stream == .user(user) else {
      throw DaybookError(.notPermitted, "a mailbox is fetched by its owner only")
    }
    let head = following[stream]?.head ?? .none
    try query(
      .fetch(stream, from: from, through: through, head: head, visible: nil), frame, &output)
  }

  mutating func history(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_HistoryRequest(frameBody: frame.body)
    let conversation = try StreamKey(parsing: request.conversation)
    let before = request.beforeMessageID == 0 ? nil : MessageID(request.beforeMessageID)
    let asked = request.limit == 0 ? Limits.historyPageMax : Int(request.limit)
    let limit = min(asked, Limits.historyPageMax)
    if let group = conversation.groupID {
      let key = ConversationKey(group: group)
      return try inspect(
        conversation, .history(key, before: before, limit: limit, visible: nil), frame, &output)
    }
    guard let user, let peer = conversation.userID else { throw SessionMachine.ownersOnly }
    let key = ConversationKey(mailbox: user, peer: peer)
    try query(.history(key, before: before, limit: limit, visible: nil), frame, &output)
  }

  mutating func unread(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_UnreadRequest(frameBody: frame.body)
    guard let user else { throw SessionMachine.ownersOnly }
    let after = request.after.isEmpty ? nil : try StreamKey(parsing: request.after)
    let asked = request.limit == 0 ? options.unreadPageMax : Int(request.limit)
    let limit = min(asked, options.unreadPageMax)
    try query(.unread(user, after: after, limit: limit), frame, &output)
  }

  mutating func members(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_MembersRequest(frameBody: frame.body)
    let group = try GroupID(request.group)
    let after = request.after.isEmpty ? nil : try UserID(request.after)
    let asked = request.limit == 0 ? Limits.membersPageMax : Int(request.limit)
    let limit = min(asked, Limits.membersPageMax)
    try inspect(.group(group), .members(group, after: after, limit: limit), frame, &output)
  }

  private static var ownersOnly: DaybookError {
    DaybookError(.notPermitted, "a service has no mailbox: only a user's device may ask this")
  }

  /// Asks the group's owner first what this session may see.
  private mutating func inspect(
    _ stream: StreamKey, _ query: SessionQuery, _ frame: Frame, _ output: inout SessionOutput
  ) throws(DaybookError) {
    try countQuery()
    let actor = Actor(user: user, device: device, service: service)
    output.actions.append(
      .submit(
        Command(stream: stream, actor: actor, id: nil, body: .inspect),
        CommandPurpose(sequence: frame.sequence, kind: .inspect(query))))
  }

  private mutating func query(
    _ query: SessionQuery, _ frame: Frame, _ output: inout SessionOutput
  ) throws(DaybookError) {
    try countQuery()
    output.actions.append(.query(query, sequence: frame.sequence))
  }

  private mutating func countQuery() throws(DaybookError) {
    guard queriesInFlight < options.queriesInFlightMax else {
      throw DaybookError(
        .tooManyInFlight,
        "\(queriesInFlight) queries are unanswered; wait for one, then ask again")
    }
    queriesInFlight += 1
  }

  /// The owner has said what of the group may be seen.
  mutating func inspected(
    _ query: SessionQuery, _ outcome: CommandOutcome, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    guard let position = outcome.position else {
      preconditionFailure("inspect was answered without a position")
    }
    queriesInFlight += 1
    switch query {
    case .fetch(let stream, let from, let through, _, _):
      output.actions.append(
        .query(
          .fetch(
            stream, from: from, through: through, head: position.head, visible: position.visible),
          sequence: sequence))
    case .history(let key, let before, let limit, _):
      output.actions.append(
        .query(
          .history(key, before: before, limit: limit, visible: position.visible),
          sequence: sequence))
    case .members(let group, _, _):
      guard let last = position.visible.last, last.last == nil else {
        queriesInFlight -= 1
        let stranger = DaybookError(
          .notAMember, "only members of \(group) may see who its members are; join it first")
        return output.error(stranger, sequence: sequence)
      }
      output.actions.append(.query(query, sequence: sequence))
    case .unread: preconditionFailure("unread asks about no group")
    }
  }

  mutating func queryAnswered(
    _ type: FrameType, sequence: UInt32, _ result: Result<QueryAnswer, DaybookError>,
    _ output: inout SessionOutput
  ) {
    queriesInFlight -= 1
    guard !isClosed else { return }
    switch result {
    case .success(let answer):
      observed = max(observed, answer.observed)
      output.write(type, sequence: sequence, body: answer.body)
    case .failure(let error): output.error(error, sequence: sequence)
    }
  }

  // MARK: presence and typing

  mutating func online(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_OnlineRequest(frameBody: frame.body)
    guard request.users.count <= Limits.onlineUsersMax else {
      throw DaybookError(.invalidRequest, "at most \(Limits.onlineUsersMax) users in one request")
    }
    var users: [UserID] = []
    for user in request.users { users.append(try UserID(user)) }
    if request.watch {
      let added = Set(users).subtracting(watched)
      guard watched.count + added.count <= options.watchedUsersMax else {
        throw DaybookError(
          .invalidRequest, "one session watches at most \(options.watchedUsersMax) users")
      }
      watched.formUnion(added)
    }
    output.actions.append(.online(users, watch: request.watch, sequence: frame.sequence))
  }

  func onlineKnown(
    _ users: [(UserID, Bool)], sequence: UInt32, _ output: inout SessionOutput
  ) {
    guard !isClosed else { return }
    let reply = Daybook_V1_OnlineReply.with {
      $0.users = users.map { user, isOnline in
        .with {
          $0.user = user.text
          $0.online = isOnline
        }
      }
    }
    output.write(.online.reply, sequence: sequence, reply)
  }

  func presenceChanged(_ user: UserID, isOnline: Bool, _ output: inout SessionOutput) {
    guard phase == .open else { return }
    output.write(
      .presence,
      Daybook_V1_Presence.with {
        $0.user = user.text
        $0.online = isOnline
      })
  }

  /// Not answered, not logged; what is over the limit is dropped.
  mutating func typing(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_TypingRequest(frameBody: frame.body)
    let conversation = try StreamKey(parsing: request.conversation)
    guard let user else { throw SessionMachine.ownersOnly }
    if conversation.kind == .group, !isLive(conversation) {
      throw DaybookError(.notAMember, "only members of \(conversation) may type there")
    }
    guard conversation != .user(user), typed < options.typingMax else { return }
    typed += 1
    output.actions.append(.typing(user, to: conversation))
  }

  private func isLive(_ stream: StreamKey) -> Bool { following[stream]?.phase == .live }

  /// Somebody types in a conversation of this session's user, named as this user sees it.
  func typingSeen(_ typist: UserID, to stream: StreamKey, _ output: inout SessionOutput) {
    guard phase == .open, typist != user else { return }
    guard stream.kind == .user || isLive(stream) else { return }
    let conversation = stream.kind == .user ? StreamKey.user(typist) : stream
    output.write(
      .typingPush,
      Daybook_V1_Typing.with {
        $0.user = typist.text
        $0.conversation = conversation.text
      })
  }
}
