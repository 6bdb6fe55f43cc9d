import DaybookModel

/// Under which origin and number each command of a conversation is issued. They are made of Slack's
/// own ids and times alone, so that they are the same in every export, whatever else it holds, and
/// whatever people and channels are called by then.
///
/// A number that belongs to an entry is its time in microseconds, and what the entry comes to: so
/// they rise from entry to entry, as an owner likes it best who has to tell new ones from old.
struct SlackNumbers {
  /// Each has origins of its own, so that reactions don't wait for messages.
  enum Lane: Int, Sendable, CaseIterable {
    case messages
    /// And what only they need.
    case reactions
  }

  /// What an entry comes to: of each at most one.
  enum Part: UInt64 {
    case message
    case edit
    case recall
    case topic
    case leave
    case title
  }

  struct Number: Equatable {
    var origin: Origin
    var number: UInt64
  }

  private static let partBits: UInt64 = 10

  private let conversation: String
  private let messages: Origin
  private let reactions: Origin
  private let joins: Origin
  private let invitations: Origin
  private let states: Origin
  private let openings: Origin

  init(_ conversation: SlackConversation) {
    self.conversation = conversation.id
    func origin(_ kind: String) -> Origin {
      SlackNumbers.origin([SlackNumbers.name, conversation.id, kind])
    }
    messages = origin("messages")
    reactions = origin("reactions")
    joins = origin("joins")
    invitations = origin("invitations")
    states = origin("states")
    openings = origin("opening")
  }

  /// Of everything that is issued. Earlier versions numbered by order.
  private static let name = "slack by id"

  var opening: Number { Number(origin: openings, number: 1) }

  func of(_ part: Part, at time: SlackTime) -> Number {
    Number(origin: messages, number: time.value << SlackNumbers.partBits | part.rawValue)
  }

  /// However it is known that somebody came in: by which leave before, if by any.
  func join(_ user: UserID, after leave: SlackTime?) -> Number {
    Number(origin: joins, number: stay(user, leave))
  }

  func invitation(_ user: UserID, after leave: SlackTime?) -> Number {
    Number(origin: invitations, number: stay(user, leave))
  }

  /// Of the reactions to a message some may have one number: those after the first then have an
  /// origin of their own, `reactionAlone`.
  func reaction(_ user: UserID, _ name: String, to time: SlackTime) -> Number {
    let part = SlackNumbers.hash(user.text, name) & (1 << SlackNumbers.partBits - 1)
    return Number(origin: reactions, number: time.value << SlackNumbers.partBits | part)
  }

  func reactionAlone(_ user: UserID, _ name: String, to time: SlackTime) -> Number {
    Number(
      origin: SlackNumbers.origin(
        [SlackNumbers.name, conversation, "reaction", "\(time)", user.text, name]),
      number: 1)
  }

  /// What the conversation is in the end: named by what that is.
  func state(_ kind: String, _ value: String) -> Number {
    Number(origin: states, number: SlackNumbers.hash(kind, value))
  }

  private func stay(_ user: UserID, _ leave: SlackTime?) -> UInt64 {
    SlackNumbers.hash(user.text, leave?.description ?? "")
  }

  /// 63 bits, and no 0.
  private static func hash(_ parts: String...) -> UInt64 {
    var hash = StableHash(seed: 3)
    for part in parts { hash.combine(part) }
    return max(1, hash.finish() >> 1)
  }

  /// 16 bytes that are the same on every machine. Each part's length goes in with it.
  static func origin(_ parts: [String]) -> Origin {
    var bytes: [UInt8] = []
    for seed: UInt64 in [1, 2] {
      var hash = StableHash(seed: seed)
      for part in parts { hash.combine(part) }
      withUnsafeBytes(of: hash.finish().littleEndian) { bytes.append(contentsOf: $0) }
    }
    guard let origin = Origin(bytes) else {
      preconditionFailure("16 bytes are what an origin may have")
    }
    return origin
  }
}
