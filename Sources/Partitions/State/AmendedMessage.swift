package import DaybookModel

/// What became of a message since it was sent, as far as further commands depend on it.
package struct AmendedMessage: Sendable, Equatable {
  package var isRecalled = false
  package var edits = 0
  /// Of what was recalled there are none.
  package var reactions: Set<Reaction> = []
  /// Those of them that the other side was not told of.
  package var withheld: Set<Reaction> = []

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
      recalled(event.messageID)
    case .messageEdited: self[event.messageID, default: AmendedMessage()].edits += 1
    case .reactionAdded(_, let text):
      guard let user = event.actor.user else { return }
      self[event.messageID, default: AmendedMessage()].reactions.insert(
        AmendedMessage.Reaction(user: user, text: text))
    case .reactionRemoved(_, let text):
      guard let user = event.actor.user else { return }
      remove(AmendedMessage.Reaction(user: user, text: text), from: event.messageID)
    default: assertionFailure("\(event.kind) amends no message")
    }
  }

  /// For the next command of its author it counts as any other.
  mutating func withhold(_ withheld: WithheldAmendment, _ event: borrowing Event) {
    guard let user = event.actor.user else { return }
    switch withheld.change {
    case .recalled: recalled(event.messageID)
    case .edited: self[event.messageID, default: AmendedMessage()].edits += 1
    case .reactionAdded(let text):
      let reaction = AmendedMessage.Reaction(user: user, text: text)
      self[event.messageID, default: AmendedMessage()].reactions.insert(reaction)
      self[event.messageID]?.withheld.insert(reaction)
    case .reactionRemoved(let text):
      remove(AmendedMessage.Reaction(user: user, text: text), from: event.messageID)
    }
  }

  private mutating func recalled(_ id: MessageID) {
    self[id, default: AmendedMessage()].isRecalled = true
    self[id]?.reactions = []
    self[id]?.withheld = []
  }

  private mutating func remove(_ reaction: AmendedMessage.Reaction, from id: MessageID) {
    self[id]?.reactions.remove(reaction)
    self[id]?.withheld.remove(reaction)
    if self[id] == AmendedMessage() { self[id] = nil }
  }
}
