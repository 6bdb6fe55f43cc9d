package import DaybookModel
package import NIOCore
package import Ports

/// A command that needs a message to be found before it can be submitted: its owner decides on
/// what the log says of the message, not on what the client says.
///
/// `inspection`, where there is one, is asked first and its answer given to `limit(to:)`; then the
/// message is looked for, for `reading`; then `command(about:)` is what to submit. Where any of these
/// fails, `refusal(of:)` is.
package struct MessageCommand: Sendable {
  package enum Use: Sendable {
    case recall
    case edit(ByteBuffer)
    case react(String, isRemoved: Bool)
    case forward(to: StreamKey)
    /// A send of either kind that answers the message.
    case reply(Command.Body)
  }

  package let name: MessageName
  package let use: Use
  /// What the actor may see there, once it was asked; nil: all of a conversation of the own.
  private var visible: [SeqInterval]?

  package init(_ name: MessageName, _ use: Use) {
    self.name = name
    self.use = use
  }

  private var isForward: Bool { if case .forward = use { true } else { false } }

  /// Which stream's owner says first what the actor may see; nil where nobody has to.
  package var inspection: (stream: StreamKey, peer: UserID?)? {
    guard let peer = name.conversation.userID else { return (name.conversation, nil) }
    guard isForward, let user = name.user else { return nil }
    return (.user(user), peer)
  }

  /// Of a forward, what was cleared is not there either: what isn't shown is not to be passed on.
  package mutating func limit(to position: StreamPosition) {
    if name.conversation.kind == .group { visible = position.visible }
    guard isForward else { return }
    visible = VisibleRanges.after(position.cleared, visible: visible)
  }

  /// What has to be read of the message, besides finding it.
  package var reading: MessageReading? { isForward ? MessageReading(visible: visible) : nil }

  /// Throws `message_not_found` for what the actor may not see.
  package func command(
    about found: FoundMessage
  ) throws(DaybookError) -> (stream: StreamKey, body: Command.Body) {
    guard sees(found) else { throw name.notFound }
    switch use {
    case .reply(let body): return (name.conversation, body)
    case .forward(let to):
      guard let message = found.forwarded else { throw name.notFound }
      return (to, .send(message))
    case .recall: return (found.stream, .recall(found.reference(name)))
    case .edit where found.isExpired, .react(_, isRemoved: false) where found.isExpired:
      // Asked of its owner, who knows whether it was done before.
      return (found.stream, .refused(name.gone))
    case .edit(let content): return (found.stream, .edit(found.reference(name), content: content))
    case .react(let reaction, let isRemoved):
      return (
        found.stream, .react(found.reference(name), reaction: reaction, isRemoved: isRemoved)
      )
    }
  }

  private func sees(_ found: FoundMessage) -> Bool {
    guard let visible, found.shownSeq != .none else { return true }
    return visible.shows(found.shownSeq)
  }

  /// The message may have been there when the command came first, and the answer to that may have
  /// been lost: whoever it would have gone to knows. Nil where the error itself is the answer: it
  /// passes, or it is about an amendment of a direct message, which never ceases to be found.
  package func refusal(
    of error: DaybookError
  ) -> (stream: StreamKey, body: Command.Body)? {
    guard !error.code.isTemporary else { return nil }
    let target: StreamKey? =
      switch use {
      case .forward(let to): to
      case .reply: name.conversation
      case .recall, .edit, .react: name.conversation.kind == .group ? name.conversation : nil
      }
    return target.map { ($0, .refused(error)) }
  }
}
