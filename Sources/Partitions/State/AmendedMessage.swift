import DaybookModel

/// What became of a message since it was sent, as far as further commands depend on it.
package struct AmendedMessage: Sendable, Equatable {
  package var isRecalled = false
  package var edits = 0
  /// Of what was recalled there are none.
  package var reactions: Set<Reaction> = []

  package init() {}

  /// One of each kind a user.
  package struct Reaction: Sendable, Hashable {
    package let user: UserID
    package let text: String

    package init(user: UserID, text: String) {
      self.user = user
      self.text = text
    }

    /// By bytes, as everywhere: to `String`, composed and decomposed letters are the same.
    package static func == (a: Self, b: Self) -> Bool {
      a.user == b.user && ByteEquality.of(a.text, b.text)
    }

    package func hash(into hasher: inout Hasher) {
      hasher.combine(user)
      var text = text
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }
}

/// Those of a stream's messages that were amended; most never are.
package typealias AmendedMessages = [MessageID: AmendedMessage]

extension AmendedMessages {
  /// Of an amendment that was decided here: what the relay wrote is decided elsewhere.
  mutating func evolve(_ event: borrowing Event) {
    switch event.body {
    case .messageRecalled:
      self[event.messageID, default: AmendedMessage()].isRecalled = true
      self[event.messageID]?.reactions = []
    case .messageEdited: self[event.messageID, default: AmendedMessage()].edits += 1
    case .reactionAdded(_, let text):
      guard let user = event.actor.user else { return }
      self[event.messageID, default: AmendedMessage()].reactions.insert(
        AmendedMessage.Reaction(user: user, text: text))
    case .reactionRemoved(_, let text):
      guard let user = event.actor.user else { return }
      self[event.messageID]?.reactions.remove(AmendedMessage.Reaction(user: user, text: text))
      if self[event.messageID] == AmendedMessage() { self[event.messageID] = nil }
    default: assertionFailure("\(event.kind) amends no message")
    }
  }
}
