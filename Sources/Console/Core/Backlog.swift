import DaybookSDK

/// What has come since this user was here last: a few lines of each conversation are shown, of more
/// it is said how many there are.
struct Backlog {
  enum Verdict: Equatable {
    case shown
    /// This one and what comes after it is left out, which is to be said.
    case firstLeftOut
    case leftOut
  }

  static let linesDefault = 20

  /// Of each conversation.
  let linesMax: Int
  private var counts: [Conversation: Int] = [:]
  private var isOver = false

  init(linesMax: Int = Backlog.linesDefault) { self.linesMax = linesMax }

  /// So many are unread, and that was said: more than are shown are left out from the begin.
  mutating func note(_ conversation: Conversation, unread: UInt64) {
    if unread > UInt64(linesMax) { counts[conversation] = linesMax + 1 }
  }

  mutating func take(_ conversation: Conversation) -> Verdict {
    if isOver { return .shown }
    let count = counts[conversation, default: 0] + 1
    counts[conversation] = count
    if count <= linesMax { return .shown }
    return count == linesMax + 1 ? .firstLeftOut : .leftOut
  }

  /// Everything from before this session has come.
  mutating func end() {
    isOver = true
    counts = [:]
  }
}
