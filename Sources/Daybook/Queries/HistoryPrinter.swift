import DaybookModel

/// Prints messages of a conversation in the order in which they are given, each with what it answers.
final class HistoryPrinter {
  private let asJSON: Bool
  private let withIDs: Bool
  private var output = StandardOutput()
  /// What was printed or looked up, by its id; nil for what isn't there.
  private var known: [MessageID: ShownMessage?] = [:]
  private static let knownMax = 10_000

  init(asJSON: Bool, withIDs: Bool) {
    self.asJSON = asJSON
    self.withIDs = withIDs
  }

  /// It was printed, or what one answers was looked up.
  func has(_ id: MessageID) -> Bool { known[id] != nil }

  /// `original` finds a message of the conversation; nil where it isn't there for who asks.
  func print(
    _ messages: [ShownMessage], of conversation: ConversationKey,
    original: (MessageID) async throws -> ShownMessage?
  ) async throws {
    if known.count > HistoryPrinter.knownMax { known = [:] }
    for message in messages { known[message.event.messageID] = .some(message) }
    for message in messages {
      let line = try HistoryLine(message.event, conversation, message.amendments)
      guard !asJSON else {
        try output.line(line.json)
        continue
      }
      var answered: String?
      if let id = line.replyTo, let message = try await find(id, original) {
        answered = try HistoryLine(message.event, conversation, message.amendments).quote
      }
      try output.line(line.text(withID: withIDs, answering: answered))
    }
    try output.flush()
  }

  private func find(
    _ id: MessageID, _ original: (MessageID) async throws -> ShownMessage?
  ) async throws -> ShownMessage? {
    if let known = known[id] { return known }
    let found = try await original(id)
    known[id] = .some(found)
    return found
  }
}
