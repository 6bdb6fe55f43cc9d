import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// What a `MemoryDaybook` answers where no test needs it to follow from its events.
struct MemoryAnswers {
  /// In order of the conversations' names, however it was set: not sorted again for each page.
  var unread: [UnreadCount] = [] {
    didSet {
      unread = unread.map { (Array($0.conversation.description.utf8), $0) }
        .sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
    }
  }
  var marks: [MarkedConversation] = []
  var overview: [ConversationOverview] = []
  var devices: [DeviceProfile] = []
  var lastSeen: [UserID: Timestamp] = [:]
  var requests: [UserID] = []
  var receipts: [Receipt] = []
  var withheldReceipt: Receipt?
  /// What receipts were asked about.
  var asked: [String] = []
  /// What every query is refused with.
  var refusal: DaybookError?
  /// What reading a stream's events is refused with.
  var unreadable: [StreamKey: DaybookError] = [:]
}

extension MemoryDaybook: Queries {
  /// In place of what was recalled, its tombstone.
  private func shown(_ event: StreamEvent) -> StreamEvent {
    guard let decoded = try? EventDecoding.decode(event.bytes), decoded.kind.isMessage,
      var tombstone = state.withLockedValue({ $0.recalls[event.messageID] })
    else { return event }
    if case .messageCopied(_, let to, let peerSeq) = decoded.body {
      (tombstone.to, tombstone.peerSeq) = (to, peerSeq)
    }
    var shown = decoded
    shown.body = .messageTombstone(tombstone)
    return StreamEvent(
      seq: event.seq, messageID: event.messageID, bytes: EventEncoding.encode(shown))
  }

  private func messages(of conversation: ConversationKey) -> [StreamEvent] {
    let events = state.withLockedValue { $0.streams[conversation.stream]?.events ?? [] }
    return events.filter { event in
      let decoded = try? EventDecoding.decode(event.bytes)
      return decoded?.conversation == conversation
    }
  }

  private func refuse() throws(DaybookError) {
    if let refusal = state.withLockedValue({ $0.answers.refusal }) { throw refusal }
  }

  /// Waits while pages are held.
  private func turn() async {
    await withCheckedContinuation { page in
      let isHeld = state.withLockedValue { state in
        if state.holdsPages { state.heldPages.append(page) }
        return state.holdsPages
      }
      if !isHeld { page.resume() }
    }
  }

  func waitUntil(covering token: ReadToken) async throws(DaybookError) {}

  func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int, bytesMax: Int,
    visible: [SeqInterval]?, through: Seq?, reader: UserID?
  ) async throws(DaybookError) -> HistoryPage {
    try refuse()
    let seen = messages(of: conversation).filter { event in
      visible?.contains { $0.contains(event.seq) } ?? true
        && before.map { event.messageID < $0 } ?? true
    }
    let page = seen.suffix(limit)
    let edits = state.withLockedValue { $0.edits }
    return HistoryPage(
      messages: page.map { StoredEvent(offset: .zero, bytes: shown($0).bytes) },
      more: seen.count > limit,
      amendments: page.compactMap { event in
        edits[event.messageID].map { edit in
          MessageAmendments(
            messageID: event.messageID, edit: edit, edits: 1,
            reactions: [.init(reaction: "ok", count: 2, isOwn: reader != nil)])
        }
      })
  }

  func message(_ id: MessageID, in conversation: ConversationKey) async throws(DaybookError)
    -> StreamEvent?
  {
    await turn()
    try refuse()
    return messages(of: conversation).first { $0.messageID == id }.map(shown)
  }

  func unreadPage(of user: UserID, after: StreamKey?, limit: Int) async throws(DaybookError)
    -> UnreadPage
  {
    try refuse()
    let all = state.withLockedValue { $0.answers.unread }
    func name(_ count: UnreadCount) -> String.UTF8View { count.conversation.description.utf8 }
    let rest = all.drop { count in
      after.map { !$0.text.utf8.lexicographicallyPrecedes(name(count)) } ?? false
    }
    func sum(_ isQuiet: Bool) -> UInt64 {
      all.reduce(0) { $0 + ($1.isQuiet == isQuiet ? $1.unread : 0) }
    }
    return UnreadPage(
      conversations: Array(rest.prefix(limit)), total: sum(false), quietTotal: sum(true),
      mentionsTotal: all.reduce(0) { $0 + $1.mentions }, more: rest.count > limit)
  }

  func marks(of user: UserID, after: StreamKey?, limit: Int) async throws(DaybookError)
    -> [MarkedConversation]
  {
    let all = state.withLockedValue { $0.answers.marks }
    let start = all.firstIndex { $0.conversation == after }.map { $0 + 1 } ?? 0
    return Array(all[start...].prefix(limit))
  }

  func overview(of user: UserID, after: StreamKey?, limit: Int) async throws(DaybookError)
    -> [ConversationOverview]
  {
    try refuse()
    let all = state.withLockedValue { $0.answers.overview }
    let start = all.firstIndex { $0.conversation == after }.map { $0 + 1 } ?? 0
    return Array(all[start...].prefix(limit))
  }

  func blocked(by user: UserID, after: UserID?, limit: Int) async throws(DaybookError) -> [UserID] {
    let all = state.withLockedValue { $0.blocked[user] ?? [] }.sorted()
    return Array(all.filter { other in after.map { other > $0 } ?? true }.prefix(limit))
  }

  func members(of group: GroupID, after: UserID?, limit: Int) async throws(DaybookError)
    -> [GroupMember]
  {
    let stream = state.withLockedValue { $0.streams[.group(group)] ?? Stream() }
    let members = stream.stays.filter { $0.value.last?.last == nil }.keys.sorted()
    return members.filter { member in after.map { member > $0 } ?? true }.prefix(limit)
      .map { GroupMember(user: $0, role: stream.roles[$0] ?? .member) }
  }

  func groupDetails(_ group: GroupID) async throws(DaybookError) -> GroupDetails {
    let (found, requests) = state.withLockedValue {
      ($0.streams[.group(group)], $0.answers.requests)
    }
    guard let found else { throw DaybookError(.groupNotFound, "create it first") }
    let members = found.stays.values.count { $0.last?.last == nil }
    let owner = found.roles.first { $0.value == .owner }?.key
    return GroupDetails(
      profile: GroupProfile(
        group: group, settings: found.settings, owner: owner, members: UInt64(members),
        isDissolved: found.dissolvedAt != nil, requests: requests),
      creator: owner ?? UserID(checked: "nobody"), createdAt: .none, dissolvedAt: .none,
      invited: [])
  }

  func devices(of user: UserID) async throws(DaybookError) -> [DeviceProfile] {
    state.withLockedValue { $0.answers.devices }
  }

  func lastSeen(of users: [UserID]) async throws(DaybookError) -> [Timestamp] {
    try refuse()
    return state.withLockedValue { state in
      users.map { state.answers.lastSeen[$0] ?? .none }
    }
  }

  func withheld(_ id: MessageID, from mailbox: UserID) async throws(DaybookError) -> StreamEvent? {
    state.withLockedValue { $0.withheld[mailbox]?.first { $0.messageID == id } }
  }

  func receipt(
    ofWithheld id: MessageID, by author: UserID, in mailbox: UserID
  ) async throws(DaybookError) -> Receipt {
    state.withLockedValue { $0.answers.withheldReceipt ?? Receipt(user: mailbox) }
  }

  func receipts(
    of stream: StreamKey, seq: Seq, author: UserID, stated: StatedReceipts, after: UserID?,
    limit: Int
  ) async throws(DaybookError) -> ReceiptPage {
    try refuse()
    return state.withLockedValue { state in
      state.answers.asked.append("\(stream) \(seq) \(author)")
      let rest = state.answers.receipts.filter { receipt in after.map { receipt.user > $0 } ?? true
      }
      let read = state.answers.receipts.count { $0.readAt != .none }
      return ReceiptPage(
        receipts: Array(rest.prefix(limit)), readCount: UInt64(read),
        unreadCount: UInt64(state.answers.receipts.count - read), more: rest.count > limit)
    }
  }

  func events(
    of stream: StreamKey, from first: Seq, through last: Seq, limit: Int, bytesMax: Int
  ) async throws(DaybookError) -> [StreamEvent] {
    await turn()
    if let refusal = state.withLockedValue({ $0.answers.unreadable[stream] }) { throw refusal }
    let events = state.withLockedValue { $0.streams[stream]?.events ?? [] }
    var bytes = 0
    let page = events.filter { $0.seq >= first && $0.seq <= last }.prefix(limit).prefix { event in
      let isFirst = bytes == 0
      bytes += event.bytes.readableBytes
      return isFirst || bytes <= bytesMax
    }
    return page.map(shown)
  }
}
