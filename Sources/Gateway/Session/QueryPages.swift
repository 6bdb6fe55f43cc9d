import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// Unread conversations by ascending bytes of their names, which keep their places while counts
/// come and go.
enum UnreadPage {
  private struct Entry {
    var name: String
    var count: UnreadCount
  }

  static func reply(
    of counts: [UnreadCount], after: StreamKey?, limit: Int
  ) -> Daybook_V1_UnreadReply {
    func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
    let rest = counts.map { Entry(name: $0.conversation.description, count: $0) }
      .filter { entry in after.map { precedes($0.text, entry.name) } ?? true }
      .sorted { precedes($0.name, $1.name) }
    var reply = Daybook_V1_UnreadReply()
    reply.conversations = rest.prefix(limit).map { entry in
      .with {
        $0.conversation = entry.name
        $0.unread = entry.count.unread
        $0.mentions = entry.count.mentions
        $0.quiet = entry.count.isQuiet
        $0.marked = entry.count.isMarked
      }
    }
    reply.more = rest.count > limit
    for count in counts {
      if count.isQuiet { reply.quietTotal += count.unread } else { reply.total += count.unread }
      reply.mentionsTotal += count.mentions
    }
    return reply
  }
}

/// A page of a conversation, cut to what fits into a frame.
enum HistoryReply {
  /// The newest that fit; the caller goes on below the oldest of them.
  static func answer(_ found: HistoryPage) -> QueryAnswer {
    let amendments = Dictionary(
      found.amendments.map { ($0.messageID, $0) }, uniquingKeysWith: { _, last in last })
    let ids = found.messages.map { messageID($0.bytes) }
    var bytes = 0
    var first = found.messages.endIndex
    while first > found.messages.startIndex {
      bytes += found.messages[first - 1].bytes.readableBytes
      bytes += amendments[ids[first - 1]]?.bytes ?? 0
      if bytes > Limits.pageBytesMax, first < found.messages.endIndex { break }
      first -= 1
    }
    let reply = Daybook_V1_HistoryReply.with {
      $0.more = found.more || first > found.messages.startIndex
      $0.amendments = ids[first...].compactMap { amendments[$0].map(amendment) }
    }
    return QueryAnswer(
      body: EventPage.body(found.messages[first...].map(\.bytes), reply),
      observed: ids[first...].max() ?? .none)
  }

  private static func amendment(_ found: MessageAmendments) -> Daybook_V1_Amendments {
    .with {
      $0.messageID = found.messageID.rawValue
      if let edit = found.edit { $0.edit.append(contentsOf: edit.readableBytesView) }
      $0.edits = UInt32(clamping: found.edits)
      $0.reactions = found.reactions.map { reaction in
        .with {
          $0.reaction = reaction.reaction
          $0.count = reaction.count
          $0.own = reaction.isOwn
        }
      }
    }
  }

  private static func messageID(_ event: ByteBuffer) -> MessageID {
    event.withUnsafeReadableBytes { try? EventScan.slot(of: $0, start: 0) }?.messageID ?? .none
  }
}
