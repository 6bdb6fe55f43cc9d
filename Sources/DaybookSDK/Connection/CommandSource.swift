package import DaybookModel
package import WireProtocol

/// Where a stream of commands comes from that is too long to hold: pulled as fast as the server
/// answers, on the client's event loop, which it must not block.
package protocol CommandSource: AnyObject, Sendable {
  /// The next command, with a mark of the source's own; nil at the end, or while it takes another
  /// answer to know it.
  func next() -> (command: IssuedCommand, tag: UInt64)?

  /// Whether a nil was the end. False only while something of this source is unanswered: it is
  /// asked again after each answer.
  var isExhausted: Bool { get }

  /// A command was answered for good. In order of answers, which is nearly that of commands.
  func answered(_ tag: UInt64, _ outcome: Result<CommandReply, DaybookError>)
}

extension CommandSource {
  package var isExhausted: Bool { true }
}
