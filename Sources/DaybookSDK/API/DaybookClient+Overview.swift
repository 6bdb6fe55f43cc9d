package import DaybookSchema
import SwiftProtobuf
import WireProtocol

extension DaybookClient {
  /// What of this user's groups and conversations a device has to know that began after them, by
  /// ascending bytes of their names: their last messages, and how far each was read.
  package func overview() async throws -> [Daybook_V1_ConversationOverview] {
    var all: [Daybook_V1_ConversationOverview] = []
    while true {
      let request = Daybook_V1_OverviewRequest.with { $0.after = all.last?.conversation ?? "" }
      let reply: Daybook_V1_OverviewReply = try await query(.overview, request)
      all += reply.conversations
      guard reply.more, !reply.conversations.isEmpty else { return all }
    }
  }
}
