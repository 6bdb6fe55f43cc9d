package import DaybookModel

/// What became of a stream's messages, as far as it is in memory: of those with the highest ids. What
/// became of an older one is asked of the log before a command about it is decided.
package struct AmendedMemory: Sendable {
  /// How much stays in memory of each stream.
  package struct Bounds: Sendable, Equatable {
    package var messages: Int
    /// Of all of them together.
    package var reactions: Int

    package init(messages: Int, reactions: Int) {
      self.messages = messages
      self.reactions = reactions
    }

    package static let standard = Bounds(
      messages: Limits.amendedMessagesMax, reactions: Limits.amendedReactionsMax)
  }

  private var kept: [MessageID: AmendedMessage] = [:]
  private var reactions = 0
  /// Of messages up to this one nothing is kept, and of those above it everything.
  package private(set) var forgottenThrough = MessageID.none
  /// What the log has said of messages that are not kept, until the commands that wait for it are
  /// decided.
  private var found: [MessageID: AmendedMessage] = [:]

  package init() {}

  package var isEmpty: Bool { kept.isEmpty && forgottenThrough == .none }
  package var count: Int { kept.count }

  /// About what it takes in memory.
  var byteCount: Int {
    guard !kept.isEmpty else { return 0 }
    return kept.heapBytes + reactions * AmendedMemory.reactionBytes
  }
  private static let reactionBytes = 96

  /// Only the log knows what became of it.
  package func isUnknown(_ id: MessageID) -> Bool { id <= forgottenThrough && found[id] == nil }

  /// One that nothing was done to, if it is not there.
  package subscript(_ id: MessageID) -> AmendedMessage {
    assert(!isUnknown(id), "what only the log knows is asked of it first")
    return kept[id] ?? found[id] ?? AmendedMessage()
  }

  // MARK: evolve

  package mutating func evolve(_ event: borrowing Event, _ bounds: Bounds) {
    let id = event.messageID
    guard id > forgottenThrough else {
      // Unless somebody waits for it, the log has it.
      found[id]?.evolve(event)
      return
    }
    let before = kept[id]?.reactions.count ?? 0
    kept[id, default: AmendedMessage()].evolve(event)
    reactions += (kept[id]?.reactions.count ?? 0) - before
    if kept.count > bounds.messages || reactions > bounds.reactions { forget(bounds) }
  }

  /// Those with the lowest ids, so that it follows from the events alone what is kept.
  private mutating func forget(_ bounds: Bounds) {
    for id in kept.keys.sorted() {
      guard kept.count > bounds.messages / 4 * 3 || reactions > bounds.reactions / 4 * 3 else {
        return
      }
      reactions -= kept[id]?.reactions.count ?? 0
      kept[id] = nil
      forgottenThrough = id
    }
  }

  // MARK: asking the log

  package mutating func keep(_ message: AmendedMessage, of id: MessageID) {
    guard isUnknown(id) else { return }
    found[id] = message
  }

  /// The commands that waited for it are decided.
  package mutating func forgetFound() { found = [:] }

  // MARK: snapshots

  func forEach(_ body: (MessageID, AmendedMessage) -> Void) {
    for (id, message) in kept { body(id, message) }
  }

  /// False for a message that is there already, or should not be.
  mutating func take(_ message: AmendedMessage, of id: MessageID) -> Bool {
    guard kept[id] == nil else { return false }
    kept[id] = message
    reactions += message.reactions.count
    return true
  }

  /// The same.
  mutating func take(forgottenThrough id: MessageID) -> Bool {
    forgottenThrough = id
    return kept.keys.allSatisfy { $0 > id }
  }
}

extension AmendedMemory: Equatable {
  /// What was found for a moment is no part of what it says.
  package static func == (a: Self, b: Self) -> Bool {
    a.kept == b.kept && a.forgottenThrough == b.forgottenThrough
  }
}
