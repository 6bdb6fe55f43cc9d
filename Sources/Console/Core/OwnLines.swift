import DaybookSDK

/// The lines of this user's messages, each with what became of the message at its end.
struct OwnLines {
  struct Line: Equatable {
    /// Of the screen; nil where lines are never changed.
    var id: Int?
    /// Without what became of it.
    var text: String
    var number: Int?
    var conversation: Conversation
    /// What it says, if this console knows.
    var content: String?
  }

  /// Of this console's messages without an answer, by `SentMessage.id`.
  private var unanswered: [UInt64: Line] = [:]
  /// Those of which there may be news, oldest first.
  private var byMessage: [UInt64: Line] = [:]
  private var order: [UInt64] = []
  /// Older ones have scrolled away from any screen.
  static let linesMax = 1_000

  mutating func sent(_ id: UInt64, _ line: Line) { unanswered[id] = line }

  /// One that says this, and is without an answer.
  func unanswered(_ content: String, in conversation: Conversation) -> Line? {
    unanswered.filter { $0.value.conversation == conversation && $0.value.content == content }
      .min { $0.key < $1.key }?.value
  }

  var unansweredCount: Int { unanswered.count }

  mutating func shown(_ id: UInt64, _ line: Line) {
    if byMessage.updateValue(line, forKey: id) == nil { order.append(id) }
    if order.count > OwnLines.linesMax { byMessage[order.removeFirst()] = nil }
  }

  /// The line of the message that was sent under this count, with its answer: known by the
  /// message's id from then on. Nil if it was answered before.
  mutating func answered(_ send: UInt64, message id: UInt64?) -> Line? {
    guard let line = unanswered.removeValue(forKey: send) else { return nil }
    if let id { shown(id, line) }
    return line
  }

  func line(of message: UInt64) -> Line? { byMessage[message] }
}
