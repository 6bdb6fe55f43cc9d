/// What a person, or a script, may choose.
package struct ChatOptions: Sendable {
  package static let backlogLinesDefault = Backlog.linesDefault

  /// Of a conversation, of what came while the person was away.
  package var backlogLines = ChatOptions.backlogLinesDefault
  /// Direct messages and mentions ring.
  package var rings = false

  package init() {}
}

/// How a session came to its end.
package struct ChatEnd: Sendable {
  /// What did not work first, of a script's lines: an exit code. Nil if all did.
  package var failure: Int32?
  /// The signal that ended it.
  package var signal: Int32?
}
