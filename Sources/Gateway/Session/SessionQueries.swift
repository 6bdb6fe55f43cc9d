import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import WireProtocol

/// Requests that change nothing.
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
    let before =
      request.beforeMessageID == 0 ? nil : try MessageID(claimed: request.beforeMessageID)
    let limit = SessionMachine.limit(request.limit, Limits.historyPageMax)
    if let group = conversation.groupID {
      let key = ConversationKey(group: group)
      return try inspect(
        conversation,
        .history(key, before: before, limit: limit, visible: nil, through: nil, reader: user),
        frame, &output)
    }
    guard let user, let peer = conversation.userID else { throw SessionMachine.ownersOnly }
    // Its owner knows what was cleared.
    let key = ConversationKey(mailbox: user, peer: peer)
    try inspect(
      key.stream, peer: peer,
      .history(key, before: before, limit: limit, visible: nil, through: nil, reader: user), frame,
      &output)
  }

  mutating func unread(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_UnreadRequest(frameBody: frame.body)
    guard let user else { throw SessionMachine.ownersOnly }
    let after = request.after.isEmpty ? nil : try StreamKey(parsing: request.after)
    let limit = SessionMachine.limit(request.limit, options.unreadPageMax)
    try query(.unread(user, after: after, limit: limit), frame, &output)
  }

  mutating func conversations(
    _ frame: Frame, _ output: inout SessionOutput
  ) throws(DaybookError) {
    let request = try Daybook_V1_ConversationsRequest(frameBody: frame.body)
    guard let user else { throw SessionMachine.ownersOnly }
    let after = request.after.isEmpty ? nil : try StreamKey(parsing: request.after)
    let limit = SessionMachine.limit(request.limit, options.unreadPageMax)
    try query(.conversations(user, after: after, limit: limit), frame, &output)
  }

  mutating func blockedUsers(
    _ frame: Frame, _ output: inout SessionOutput
  ) throws(DaybookError) {
    let request = try Daybook_V1_BlockedRequest(frameBody: frame.body)
    guard let user else { throw SessionMachine.ownersOnly }
    let after = request.after.isEmpty ? nil : try UserID(request.after)
    let limit = SessionMachine.limit(request.limit, Limits.membersPageMax)
    try query(.blocked(user, after: after, limit: limit), frame, &output)
  }

  mutating func devices(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    _ = try Daybook_V1_DevicesRequest(frameBody: frame.body)
    guard let user else { throw SessionMachine.ownersOnly }
    try query(.devices(user), frame, &output)
  }

  mutating func members(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_MembersRequest(frameBody: frame.body)
    let group = try GroupID(request.group)
    let after = request.after.isEmpty ? nil : try UserID(request.after)
    let limit = SessionMachine.limit(request.limit, Limits.membersPageMax)
    try inspect(.group(group), .members(group, after: after, limit: limit), frame, &output)
  }

  mutating func group(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_GroupRequest(frameBody: frame.body)
    let group = try GroupID(request.group)
    try inspect(.group(group), .group(group, asker: .stranger), frame, &output)
  }

  mutating func receipts(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_ReceiptsRequest(frameBody: frame.body)
    let name = MessageName(
      try MessageID(claimed: request.messageID), in: try StreamKey(parsing: request.conversation),
      of: user)
    let after = request.after.isEmpty ? nil : try UserID(request.after)
    let limit = SessionMachine.limit(request.limit, Limits.receiptsPageMax)
    let query = Query.receipts(name, visible: nil, after: after, limit: limit)
    if name.conversation.kind == .group {
      return try inspect(name.conversation, query, frame, &output)
    }
    guard user != nil else { throw SessionMachine.ownersOnly }
    try self.query(query, frame, &output)
  }

  static var ownersOnly: DaybookError {
    DaybookError(.notPermitted, "a service has no mailbox: only a user's device may ask this")
  }

  private static func limit(_ asked: UInt32, _ most: Int) -> Int {
    asked == 0 ? most : min(Int(asked), most)
  }

  /// Asks the stream's owner first what this session may see.
  private mutating func inspect(
    _ stream: StreamKey, peer: UserID? = nil, _ query: Query, _ frame: Frame,
    _ output: inout SessionOutput
  ) throws(DaybookError) {
    try countQuery()
    output.actions.append(
      .submit(
        Command(stream: stream, actor: actor, id: nil, body: .inspect(peer: peer)),
        CommandPurpose(sequence: frame.sequence, kind: .inspect(query))))
  }

  private mutating func query(
    _ query: Query, _ frame: Frame, _ output: inout SessionOutput
  ) throws(DaybookError) {
    try countQuery()
    output.actions.append(.query(query, sequence: frame.sequence))
  }

  mutating func countQuery() throws(DaybookError) {
    guard queriesInFlight < options.queriesInFlightMax else {
      throw DaybookError(
        .tooManyInFlight,
        "\(queriesInFlight) queries are unanswered; wait for one, then ask again")
    }
    queriesInFlight += 1
  }

  // MARK: answers

  /// The owner has said what of the stream may be seen.
  mutating func inspected(
    _ query: Query, _ outcome: CommandOutcome, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    do throws(DaybookError) {
      let allowed = try SessionMachine.limited(query, to: try outcome.position(), by: user)
      queriesInFlight += 1
      output.actions.append(.query(allowed, sequence: sequence))
    } catch {
      output.error(error, sequence: sequence)
    }
  }

  private static func limited(
    _ query: Query, to position: StreamPosition, by user: UserID?
  ) throws(DaybookError) -> Query {
    let isPresent = position.visible.last.map { $0.last == nil } ?? false
    switch query {
    case .fetch(let stream, let from, let through, _, _):
      return .fetch(
        stream, from: from, through: through, head: position.head, visible: position.visible)
    case .history(let key, let before, let limit, _, _, let reader):
      let isGroup = key.peer == nil
      let visible = VisibleRanges.after(
        position.cleared, visible: isGroup ? position.visible : nil)
      // Whoever is a member no more when it is read sees no more than this.
      return .history(
        key, before: before, limit: limit, visible: visible,
        through: isGroup ? position.head : nil, reader: reader)
    case .members(let group, _, _):
      guard isPresent else { throw membersOnly(.group(group)) }
      return query
    case .receipts(let name, _, let after, let limit):
      guard isPresent else { throw membersOnly(name.conversation) }
      return .receipts(name, visible: position.visible, after: after, limit: limit)
    case .group(let group, _):
      let isMember = isPresent && user != nil
      return .group(
        group,
        asker: GroupAsker(
          isMember: isMember, role: isMember ? position.role ?? .member : .member,
          seesInside: isPresent))
    case .unread, .devices, .conversations, .blocked: return query
    }
  }

  private static func membersOnly(_ group: StreamKey) -> DaybookError {
    DaybookError(.notAMember, "only members of \(group) may ask this; join it first")
  }

  /// A stranger may know that a group is there, and what it is about.
  mutating func inspectionFailed(
    _ query: Query, _ error: DaybookError, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    guard case .group = query, error.code == .notAMember || error.code == .groupDissolved else {
      return output.error(error, sequence: sequence)
    }
    queriesInFlight += 1
    output.actions.append(.query(query, sequence: sequence))
  }

  mutating func queryAnswered(
    _ type: FrameType, sequence: UInt32, _ result: Result<QueryAnswer, DaybookError>,
    _ output: inout SessionOutput
  ) {
    queriesInFlight -= 1
    guard !isClosed else { return }
    switch result {
    case .success(let answer):
      observe(answer.observed)
      output.write(type, sequence: sequence, body: answer.body)
    case .failure(let error): output.error(error, sequence: sequence)
    }
  }
}
