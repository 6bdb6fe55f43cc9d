import DaybookModel
import DaybookSchema
import LogReading
import NIOCore
import Ports

@testable import Projections

/// The read side of a run: messages and events, as `QueryService` reads them from the log. What is
/// read is noted with how much was durable then. What projections answer is asked at the end.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimQueries: Queries, @unchecked Sendable {
  private unowned let run: SimRun

  init(_ run: SimRun) { self.run = run }

  /// Whatever is durable is there at once.
  func waitUntil(covering token: ReadToken) async throws(DaybookError) {}

  func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int, bytesMax: Int,
    visible: [SeqInterval]?, through: Seq?, reader: UserID?
  ) async throws(DaybookError) -> HistoryPage {
    let pages = HistoryPages(log: run.log, clock: run.clock)
    let (page, _) = try pages.history(
      of: conversation, before: before, limit: limit, bytesMax: bytesMax,
      visible: visible.cut(at: through))
    for message in page.messages { try note(message.bytes) }
    for amendment in page.amendments { if let edit = amendment.edit { try note(edit) } }
    return page
  }

  func message(_ id: MessageID, in conversation: ConversationKey) async throws(DaybookError)
    -> StreamEvent?
  {
    let pages = HistoryPages(log: run.log, clock: run.clock)
    let found = try pages.message(id, in: conversation)
    if let found { try note(found.bytes) }
    return found
  }

  func withheld(_ id: MessageID, from mailbox: UserID) async throws(DaybookError) -> StreamEvent? {
    try WithheldSearch(log: run.log, mailbox: mailbox).message(id)
  }

  func events(
    of stream: StreamKey, from first: Seq, through last: Seq, limit: Int, bytesMax: Int
  ) async throws(DaybookError) -> [StreamEvent] {
    let pages = StreamPages(log: run.log, clock: run.clock)
    var events = try pages.events(
      of: stream, from: first, through: last, limit: min(limit, run.sizes.pageEvents),
      bytesMax: bytesMax)
    if run.mutation == .recalledShown { events = try untouched(events, of: stream) }
    for event in events { try note(event.bytes) }
    return events
  }

  private func note(_ bytes: ByteBuffer) throws(DaybookError) {
    run.watch.read(try EventDecoding.decode(bytes))
  }

  /// As they stand in the log.
  private func untouched(
    _ events: [StreamEvent], of stream: StreamKey
  ) throws(DaybookError) -> [StreamEvent] {
    let partition = stream.partition(of: run.log.partitionCount)
    var shown: [StreamEvent] = []
    for var event in events {
      let postings = try run.log.postings(
        partition, stream: stream.fingerprint, from: event.seq, through: event.seq, limit: 1)
      let stored = try run.log.events(partition, at: postings.map(\.offset))
      event.bytes = stored[0].bytes
      shown.append(event)
    }
    return shown
  }

  // MARK: what projections answer

  private static let notHere = DaybookError(
    .projectionBehind, "while a run goes on, nobody asks its projections")

  func unreadPage(
    of user: UserID, after: StreamKey?, limit: Int
  ) async throws(DaybookError) -> UnreadPage { throw SimQueries.notHere }

  func marks(
    of user: UserID, after: StreamKey?, limit: Int
  ) async throws(DaybookError) -> [MarkedConversation] { throw SimQueries.notHere }

  func overview(
    of user: UserID, after: StreamKey?, limit: Int
  ) async throws(DaybookError) -> [ConversationOverview] { throw SimQueries.notHere }

  func blocked(by user: UserID, after: UserID?, limit: Int) async throws(DaybookError) -> [UserID] {
    throw SimQueries.notHere
  }

  func members(of group: GroupID, after: UserID?, limit: Int) async throws(DaybookError)
    -> [GroupMember]
  {
    throw SimQueries.notHere
  }

  func groupDetails(_ group: GroupID) async throws(DaybookError) -> GroupDetails {
    throw SimQueries.notHere
  }

  func devices(of user: UserID) async throws(DaybookError) -> [DeviceProfile] {
    throw SimQueries.notHere
  }

  func lastSeen(of users: [UserID]) async throws(DaybookError) -> [Timestamp] {
    throw SimQueries.notHere
  }

  func receipt(
    ofWithheld id: MessageID, by author: UserID, in mailbox: UserID
  ) async throws(DaybookError) -> Receipt { throw SimQueries.notHere }

  func receipts(
    of stream: StreamKey, seq: Seq, author: UserID, stated: StatedReceipts, after: UserID?,
    limit: Int
  ) async throws(DaybookError) -> ReceiptPage { throw SimQueries.notHere }
}
