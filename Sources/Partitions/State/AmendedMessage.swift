package import DaybookModel

/// What became of a message since it was sent, as far as further commands depend on it.
package struct AmendedMessage: Sendable, Equatable {
  package var isRecalled = false
  package var edits = 0
  /// Whatever was done to it, taken back or not.
  package var changes = 0
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

extension AmendedMessage {
  /// Takes an amendment that was decided here: what the relay wrote is decided elsewhere.
  mutating func evolve(_ event: borrowing Event) {
    changes += 1
    switch event.body {
    case .messageRecalled: recalled()
    case .messageEdited: edits += 1
    case .reactionAdded(_, let text):
      guard let user = event.actor.user else { return }
      reactions.insert(Reaction(user: user, text: text))
    case .reactionRemoved(_, let text):
      guard let user = event.actor.user else { return }
      remove(Reaction(user: user, text: text))
    case .amendmentWithheld(let amendment):
      guard let user = event.actor.user else { return }
      withhold(amendment.change, by: user)
    default: assertionFailure("\(event.kind) amends no message")
    }
  }

  /// For the next command of its author it counts as any other.
  private mutating func withhold(_ change: WithheldAmendment.Change, by user: UserID) {
    switch change {
    case .recalled: recalled()
    case .edited: edits += 1
    case .reactionAdded(let text):
      let reaction = Reaction(user: user, text: text)
      reactions.insert(reaction)
      withheld.insert(reaction)
    case .reactionRemoved(let text): remove(Reaction(user: user, text: text))
    }
  }

  private mutating func recalled() {
    isRecalled = true
    reactions = []
    withheld = []
  }

  private mutating func remove(_ reaction: Reaction) {
    reactions.remove(reaction)
    withheld.remove(reaction)
  }
}
