import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import SwiftProtobuf
import WireProtocol

extension UnreadPage {
  /// Names keep their places while counts come and go.
  var reply: Daybook_V1_UnreadReply {
    .with {
      $0.conversations = conversations.map { count in
        .with {
          $0.conversation = count.conversation.description
          $0.unread = count.unread
          $0.mentions = count.mentions
          $0.quiet = count.isQuiet
          $0.marked = count.isMarked
        }
      }
      $0.more = more
      ($0.total, $0.quietTotal, $0.mentionsTotal) = (total, quietTotal, mentionsTotal)
    }
  }
}

extension [ConversationOverview] {
  /// Of one more than the page has, if there is one.
  func reply(limit: Int) -> Daybook_V1_OverviewReply {
    .with {
      $0.more = count > limit
      $0.conversations = prefix(limit).map { overview in
        .with {
          $0.conversation = overview.conversation.text
          $0.lastMessageID = overview.lastMessageID.rawValue
          $0.lastSeq = overview.lastSeq.rawValue
          $0.lastRecordedAtMs = overview.lastRecordedAt.milliseconds
          $0.readSeq = overview.readSeq.rawValue
          $0.unread = overview.unread
          $0.mentions = overview.mentions
          $0.quiet = overview.marks.isQuiet
          $0.pinned = overview.marks.isPinned
          $0.markedUnread = overview.marks.isUnread
          $0.joinedSeq = overview.joined.rawValue
        }
      }
    }
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
