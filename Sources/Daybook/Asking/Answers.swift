import DaybookModel
import Ports

/// Who answers a command's questions: the read models of a data folder, or a running server, which
/// says of what is asked as much as the token may know.
struct Answers {
  let inspection: any Inspection
  let conversations: any ConversationAnswers
  /// Whom the token speaks for; nil of a folder, and of a service.
  var user: UserID?
  var device: DeviceID?
  /// What the device's session is sent; nil of a folder, and of a service.
  var feed: DeviceFeed?

  /// Whose mailbox is asked about: the named one's, or else the token's user's. Throws
  /// `invalid_argument`.
  func owner(_ named: UserID?) throws(DaybookError) -> UserID {
    guard let owner = named ?? user else {
      throw DaybookError(.invalidArgument, "a service's token names no user: say whose")
    }
    return owner
  }

  /// The named device of a user, or else the token's, where that is the user's. Throws
  /// `invalid_argument`.
  func device(_ named: DeviceID?, of owner: UserID) throws(DaybookError) -> DeviceID {
    if let named { return named }
    guard let device, owner == user else {
      throw DaybookError(.invalidArgument, "say which of the user's devices: --device")
    }
    return device
  }

  /// Groups that a user is in, by ids' bytes after `after`.
  func groups(of user: UserID, after: GroupID?, limit: Int) async throws -> [GroupSummary] {
    let own = try await inspection.userDetails(user).groups.filter { one in
      one.role != nil && after.map { one.group > $0 } ?? true
    }
    var page: [GroupSummary] = []
    for one in own.prefix(limit) {
      let details = try await conversations.groupDetails(one.group)
      page.append(
        GroupSummary(
          group: one.group, title: details.profile.settings.title,
          joinPolicy: details.profile.settings.joinPolicy, members: details.profile.members,
          createdAt: details.createdAt, dissolvedAt: details.dissolvedAt))
    }
    return page
  }
}

/// What was said, by whom, to whom.
protocol ConversationAnswers {
  /// The newest below `before`, oldest first.
  func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int
  ) async throws -> [ShownMessage]

  /// Who has read a message, by ids' bytes after `after`. Throws `message_not_found`.
  func receipts(
    of message: MessageID, in conversation: ConversationKey, after: UserID?
  ) async throws -> ReceiptPage

  /// Throws `group_not_found`.
  func groupDetails(_ group: GroupID) async throws -> GroupDetails
}

extension ConversationAnswers {
  /// Nil for what isn't in the conversation, or not for who asks.
  func message(
    _ id: MessageID, in conversation: ConversationKey
  ) async throws -> ShownMessage? {
    let last = try await history(
      of: conversation, before: MessageID(id.rawValue + 1), limit: 1
    ).last
    return last?.event.messageID == id ? last : nil
  }
}

/// A message, or what has taken its place, and what became of it since.
struct ShownMessage {
  let event: Event
  let amendments: MessageAmendments?
}
