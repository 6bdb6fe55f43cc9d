import DaybookModel
import DaybookSchema
import Ports
import Server

/// What a data folder says: all that is asked.
struct LocalAnswers: ConversationAnswers {
  private let queries: any Queries & Inspection

  init(_ data: OpenData) { queries = data.queries }

  func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int
  ) async throws -> [ShownMessage] {
    // One more than the limit is asked for within: it must not overflow.
    let page = try await queries.history(
      of: conversation, before: before, limit: min(limit, 1 << 40),
      bytesMax: .max, visible: nil, through: nil, reader: nil)
    let amendments = Dictionary(
      page.amendments.map { ($0.messageID, $0) }, uniquingKeysWith: { $1 })
    return try page.messages.map { stored in
      let event = try EventDecoding.decode(stored.bytes)
      return ShownMessage(event: event, amendments: amendments[event.messageID])
    }
  }

  func groupDetails(_ group: GroupID) async throws -> GroupDetails {
    try await queries.groupDetails(group)
  }

  func receipts(
    of message: MessageID, in conversation: ConversationKey, after: UserID?
  ) async throws -> ReceiptPage {
    let original = try await original(message, in: conversation)
    return try await queries.receipts(
      of: original.stream, seq: original.seq, author: original.author,
      stated: original.receipts, after: after, limit: Limits.receiptsPageMax)
  }

  private struct Original {
    var stream: StreamKey
    var seq: Seq
    var author: UserID
    var receipts = StatedReceipts.unstated
  }

  /// Where the message was sent to: the mailbox may hold the sender's copy only. Throws
  /// `message_not_found`.
  private func original(
    _ message: MessageID, in conversation: ConversationKey
  ) async throws -> Original {
    let missing = DaybookError(
      .messageNotFound, "there is no message \(message) in \(conversation): look in the history")
    guard let found = try await queries.message(message, in: conversation) else { throw missing }
    let event = try EventDecoding.decode(found.bytes)
    guard let author = event.actor.user else { throw missing }
    switch event.body {
    case .messageCopied(_, let to, _):
      guard let found = try await sent(message, to: to, by: author) else { throw missing }
      return found
    case .messageTombstone(let tombstone) where tombstone.to != nil:
      guard let to = tombstone.to, let found = try await sent(message, to: to, by: author) else {
        throw missing
      }
      return found
    case .messageSent(let message):
      var found = Original(stream: event.stream, seq: event.seq, author: author)
      found.receipts = message.receipts
      return found
    case .messageTombstone:
      return Original(stream: event.stream, seq: event.seq, author: author)
    default: throw missing
    }
  }

  /// A copy doesn't say where its original is. Nil for one that was withheld.
  private func sent(
    _ message: MessageID, to receiver: UserID, by author: UserID
  ) async throws -> Original? {
    let there = ConversationKey(mailbox: receiver, peer: author)
    let found = try await queries.message(message, in: there)
    return found.map { Original(stream: there.stream, seq: $0.seq, author: author) }
  }
}
