import DaybookModel

/// Under which origins and numbers a conversation's commands are issued: the same in every import
/// of an export, whatever else is imported with it.
///
/// A partition remembers an origin's last 1,024 numbers, and the answer to a message that was sent
/// before is what later commands need its id from. So an origin has at most 512 numbers, 1, 2, 3…
/// as they are issued: those of a part of one day.
struct SlackNumbers {
  /// Each has origins of its own, so that a reaction that only a later export has moves no
  /// message's number.
  enum Lane: Int, Sendable, CaseIterable {
    case messages
    /// And what only they need.
    case reactions

    var name: String {
      switch self {
      case .messages: "messages"
      case .reactions: "reactions"
      }
    }
  }

  static let originNumbersMax = 512

  struct Number: Equatable {
    var origin: Origin
    var number: UInt64
  }

  /// Slack's id of the conversation, and the stream's: groups share partitions.
  private let conversation: [String]
  private var part: [String] = []
  private var issued = [0, 0]
  private var origins: [Origin?] = [nil, nil]

  init(_ conversation: SlackConversation) {
    var stream = ""
    if case .group(let group, _) = conversation.kind { stream = group.text }
    self.conversation = [conversation.id, stream]
  }

  /// What follows belongs to this day, or to another part that is named by what it consists of.
  mutating func begin(_ part: String...) {
    self.part = part
    issued = [0, 0]
  }

  mutating func next(_ lane: Lane) -> Number {
    let (chunk, index) = issued[lane.rawValue].quotientAndRemainder(
      dividingBy: SlackNumbers.originNumbersMax)
    issued[lane.rawValue] += 1
    if index == 0 {
      origins[lane.rawValue] = SlackNumbers.origin(
        ["slack"] + conversation + part + [lane.name, "\(chunk)"])
    }
    guard let origin = origins[lane.rawValue] else {
      preconditionFailure("the first number of an origin makes it")
    }
    return Number(origin: origin, number: UInt64(index + 1))
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
