package import DaybookModel
import DaybookSchema
import LogReading
import NIOCore
package import Ports

/// What is read from the log: messages and events. Only reactions come from a projection.
extension QueryService {
  package func history(
    of conversation: ConversationKey, before: MessageID?, limit: Int, bytesMax: Int,
    visible: [SeqInterval]?, through: Seq?, reader user: UserID?
  ) async throws(DaybookError) -> HistoryPage {
    // Who sees all that follows sees all reactions: those are counted already.
    let isOpen = visible.map { $0.count == 1 && $0[0].last == nil } ?? true
    let visible = visible.cut(at: through)
    let pages = HistoryPages(log: log, clock: clock)
    let (page, living) = try await work.run { () throws(DaybookError) in
      try pages.history(
        of: conversation, before: before, limit: limit, bytesMax: bytesMax, visible: visible)
    }
    if living.isEmpty { return page }
    let reader = try await reader(.history, covering: conversation.stream)
    let asked = ReactionsQuery.Asked(
      stream: conversation.stream, user: user, visible: isOpen ? nil : visible,
      bytesMax: bytesMax - page.bytes)
    let reactions = try await work.run { () throws(DaybookError) in
      try ReactionsQuery.reactions(to: living, asked, in: reader)
    }
    return try page.adding(reactions)
  }

  package func message(
    _ id: MessageID, in conversation: ConversationKey
  ) async throws(DaybookError) -> StreamEvent? {
    let pages = HistoryPages(log: log, clock: clock)
    return try await work.run { () throws(DaybookError) in
      try pages.message(id, in: conversation)
    }
  }

  package func withheld(
    _ id: MessageID, from mailbox: UserID
  ) async throws(DaybookError) -> StreamEvent? {
    let search = WithheldSearch(log: log, mailbox: mailbox)
    return try await work.run { () throws(DaybookError) in try search.message(id) }
  }

  package func events(
    of stream: StreamKey, from first: Seq, through last: Seq, limit: Int, bytesMax: Int
  ) async throws(DaybookError) -> [StreamEvent] {
    let pages = StreamPages(log: log, clock: clock)
    return try await work.run { () throws(DaybookError) in
      try pages.events(of: stream, from: first, through: last, limit: limit, bytesMax: bytesMax)
    }
  }
}

extension HistoryPage {
  /// Of messages and edits.
  fileprivate var bytes: Int {
    messages.reduce(0) { $0 + $1.bytes.readableBytes } + amendments.reduce(0) { $0 + $1.bytes }
  }

  /// Without the messages whose reactions there was no room for, and all below.
  fileprivate func adding(_ found: ReactionsQuery.Found) throws(DaybookError) -> HistoryPage {
    var reactions = found.reactions
    var page = self
    if found.lowest != .none {
      var cut = 0
      while cut < page.messages.count,
        try EventDecoding.decodeWithoutContent(page.messages[cut].bytes).messageID < found.lowest
      {
        cut += 1
      }
      page.messages.removeFirst(cut)
      page.amendments.removeAll { $0.messageID < found.lowest }
      page.more = true
    }
    for at in page.amendments.indices {
      page.amendments[at].reactions =
        reactions.removeValue(forKey: page.amendments[at].messageID) ?? []
    }
    for (id, shown) in reactions {
      page.amendments.append(MessageAmendments(messageID: id, reactions: shown))
    }
    page.amendments.sort { $0.messageID < $1.messageID }
    return page
  }
}
