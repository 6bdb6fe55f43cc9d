package import DaybookModel

/// One read under way for each conversation: while it is unanswered, only the newest position is
/// remembered, for reads are cumulative.
package struct ReadPositions: Sendable {
  fileprivate struct Conversation: Sendable {
    var sent: Seq
    var wanted: Seq
    var isUnanswered: Bool
  }

  private var conversations: [StreamKey: Conversation] = [:]

  package init() {}

  /// The position to send now, if any.
  package mutating func want(_ conversation: StreamKey, upTo seq: Seq) -> Seq? {
    guard var known = conversations[conversation] else {
      conversations[conversation] = Conversation(sent: seq, wanted: seq, isUnanswered: true)
      return seq
    }
    known.wanted = max(known.wanted, seq)
    defer { conversations[conversation] = known }
    return known.takeNext()
  }

  /// The read that was under way has been answered; the position to send next, if any.
  package mutating func answered(_ conversation: StreamKey) -> Seq? {
    guard var known = conversations[conversation] else { return nil }
    known.isUnanswered = false
    defer { conversations[conversation] = known }
    return known.takeNext()
  }
}

extension ReadPositions.Conversation {
  fileprivate mutating func takeNext() -> Seq? {
    guard !isUnanswered, wanted > sent else { return nil }
    sent = wanted
    isUnanswered = true
    return wanted
  }
}
