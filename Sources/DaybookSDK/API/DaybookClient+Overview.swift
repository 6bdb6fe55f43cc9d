import DaybookSchema
import SwiftProtobuf
import WireProtocol

extension DaybookClient {
  /// All of this user's groups and conversations, whatever this session was sent of them: groups
  /// first, then peers, by ascending bytes of their names.
  package func overview() async throws(ClientError) -> [OverviewEntry] {
    var entries: [OverviewEntry] = []
    var after = ""
    while true {
      let request = Daybook_V1_OverviewRequest.with { $0.after = after }
      let reply: Daybook_V1_OverviewReply = try await query(.overview, request)
      for one in reply.conversations {
        guard let conversation = Conversation(one.conversation) else { continue }
        var entry = OverviewEntry(conversation: conversation)
        (entry.unread, entry.mentions) = (one.unread, one.mentions)
        (entry.isQuiet, entry.isPinned) = (one.quiet, one.pinned)
        entry.isMarkedUnread = one.markedUnread
        entries.append(entry)
      }
      guard reply.more, let last = reply.conversations.last else { return entries }
      after = last.conversation
    }
  }
}
