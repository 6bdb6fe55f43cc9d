import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import SwiftProtobuf
import WireProtocol

/// Asks the read side what a session's query needs, and makes the reply's body of it.
struct QueryRunner: Sendable {
  let queries: any Queries

  func run(_ query: SessionQuery) async throws -> QueryAnswer {
    switch query {
    case .fetch(let stream, let from, let through, let head, let visible):
      let last = through == .none ? head : min(through, head)
      return try await fetch(stream, from: from, through: last, head: head, visible: visible)
    case .history(let conversation, let before, let limit, let visible):
      return try await history(conversation, before: before, limit: limit, visible: visible)
    case .unread(let user, let after, let limit):
      let reply = QueryRunner.page(
        of: try await queries.unread(of: user), after: after, limit: limit)
      return QueryAnswer(body: ByteBuffer(bytes: reply.wireBytes()), observed: .none)
    case .members(let group, let after, let limit):
      // One more than asked for tells whether there are more.
      let found = try await queries.members(of: group, after: after, limit: limit + 1)
      let reply = Daybook_V1_MembersReply.with {
        $0.members = found.prefix(limit).map(\.text)
        $0.more = found.count > limit
      }
      return QueryAnswer(body: ByteBuffer(bytes: reply.wireBytes()), observed: .none)
    }
  }

  /// A page by ascending bytes of the names, which keep their places while counts come and go.
  private static func page(
    of counts: [UnreadCount], after: StreamKey?, limit: Int
  ) -> Daybook_V1_UnreadReply {
    func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
    let rest = counts.map { (name: $0.conversation.description, unread: $0.unread) }
      .filter { count in after.map { precedes($0.text, count.name) } ?? true }
      .sorted { precedes($0.name, $1.name) }
    return .with {
      $0.conversations = rest.prefix(limit).map { count in
        .with {
          $0.conversation = count.name
          $0.unread = count.unread
        }
      }
      $0.total = counts.reduce(0) { $0 + $1.unread }
      $0.more = rest.count > limit
    }
  }

  private func fetch(
    _ stream: StreamKey, from: Seq, through last: Seq, head: Seq, visible: [SeqInterval]?
  ) async throws -> QueryAnswer {
    var events: [ByteBuffer] = []
    var bytes = 0
    var reply = Daybook_V1_FetchReply()
    reply.headSeq = head.rawValue
    var observed = MessageID.none
    let everything = [SeqInterval(first: Seq(1), last: nil)]
    var next = from
    scan: while next <= last {
      let part = VisibleRanges.head(next, last, visible: visible ?? everything)
      guard part.isVisible else {
        reply.notVisible.append(
          .with {
            $0.fromSeq = part.first.rawValue
            $0.toSeq = part.last.rawValue
          })
        next = part.last.next
        continue
      }
      let room = Limits.pageEventsMax - events.count
      guard room > 0 else { break }
      let page = try await queries.events(
        of: stream, from: part.first, through: part.last, limit: room,
        bytesMax: Limits.pageBytesMax)
      guard !page.isEmpty else { break }
      for event in page {
        bytes += event.bytes.readableBytes
        if bytes > Limits.pageBytesMax, !events.isEmpty { break scan }
        events.append(event.bytes)
        observed = max(observed, event.messageID)
        next = event.seq.next
      }
    }
    reply.nextSeq = next <= last ? next.rawValue : 0
    return QueryAnswer(body: page(events, reply), observed: observed)
  }

  private func history(
    _ conversation: ConversationKey, before: MessageID?, limit: Int, visible: [SeqInterval]?
  ) async throws -> QueryAnswer {
    let found = try await queries.history(
      of: conversation, before: before, limit: limit, visible: visible)
    // The newest that fit into a frame; the caller goes on below the oldest of them.
    var bytes = 0
    var first = found.messages.endIndex
    while first > found.messages.startIndex {
      bytes += found.messages[first - 1].bytes.readableBytes
      if bytes > Limits.pageBytesMax, first < found.messages.endIndex { break }
      first -= 1
    }
    let events = found.messages[first...].map(\.bytes)
    let reply = Daybook_V1_HistoryReply.with {
      $0.more = found.more || first > found.messages.startIndex
    }
    var observed = MessageID.none
    for event in events { observed = max(observed, QueryRunner.messageID(event)) }
    return QueryAnswer(body: page(events, reply), observed: observed)
  }

  private func page(_ events: [ByteBuffer], _ rest: some SwiftProtobuf.Message) -> ByteBuffer {
    var body = ByteBuffer()
    EventPage.write(events, to: &body)
    body.writeBytes(rest.wireBytes())
    return body
  }

  private static func messageID(_ event: ByteBuffer) -> MessageID {
    event.withUnsafeReadableBytes { try? EventScan.slot(of: $0, start: 0) }?.messageID ?? .none
  }
}
