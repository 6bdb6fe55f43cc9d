import DaybookModel
import Ports

/// What comes of a command.
package enum Decision: Sendable, Equatable {
  /// The event to log, and the answer once it is durable.
  case append(Event, CommandOutcome)
  /// Nothing to log. The answer tells of state, so it waits for what is in flight.
  case answer(CommandOutcome)
  case reject(DaybookError)

  package static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.append(let e, let o), .append(let f, let p)): e == f && o == p
    case (.answer(let o), .answer(let p)): o == p
    case (.reject(let e), .reject(let f)): e.code == f.code
    default: false
    }
  }
}

/// The identity of what a command asks, for telling a retry from a number used twice.
enum CommandDigest {
  static func of(_ command: borrowing Command) -> UInt32 {
    var hash = StableHash(seed: command.stream.fingerprint)
    if let user = command.actor.user { hash.combine(user.text) }
    switch command.body {
    case .send(let message):
      hash.combine(1)
      message.content.withUnsafeReadableBytes { hash.combine($0) }
      hash.combine(message.clientTime.milliseconds)
      hash.combine(message.senderName)
    case .read(let peer, let upTo):
      hash.combine(2)
      hash.combine(peer?.text ?? "")
      hash.combine(upTo.rawValue)
    case .createGroup(let title):
      hash.combine(3)
      hash.combine(title)
    case .join: hash.combine(4)
    case .leave: hash.combine(5)
    case .ack, .openCursor, .inspect: break
    }
    return UInt32(truncatingIfNeeded: hash.finish())
  }
}
