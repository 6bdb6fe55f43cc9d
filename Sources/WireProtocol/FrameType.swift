/// The third word of a frame's header. Requests are below 0x100; the reply to request type `t` is
/// `0x100 + t`; pushes are from 0x200 on. `schemas/wire-protocol.md` lists the bodies.
package struct FrameType: Hashable, Sendable, RawRepresentable {
  package let rawValue: UInt32

  @inlinable
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  // Session.
  package static let connect = FrameType(rawValue: 1)
  package static let heartbeat = FrameType(rawValue: 2)
  package static let disconnect = FrameType(rawValue: 3)
  // Commands.
  package static let send = FrameType(rawValue: 16)
  package static let ack = FrameType(rawValue: 17)
  package static let read = FrameType(rawValue: 18)
  package static let createGroup = FrameType(rawValue: 19)
  package static let join = FrameType(rawValue: 20)
  package static let leave = FrameType(rawValue: 21)
  package static let typing = FrameType(rawValue: 22)
  // Queries.
  package static let fetch = FrameType(rawValue: 32)
  package static let history = FrameType(rawValue: 33)
  package static let unread = FrameType(rawValue: 34)
  package static let online = FrameType(rawValue: 35)
  package static let members = FrameType(rawValue: 36)

  /// Answers a request that failed, with the request's sequence; 0 for what no request caused.
  package static let error = FrameType(rawValue: 0x1ff)

  // Pushes; their sequence is 0.
  package static let event = FrameType(rawValue: 0x200)
  package static let following = FrameType(rawValue: 0x201)
  package static let unfollowed = FrameType(rawValue: 0x202)
  package static let notVisible = FrameType(rawValue: 0x203)
  package static let caughtUp = FrameType(rawValue: 0x204)
  package static let presence = FrameType(rawValue: 0x205)
  package static let typingPush = FrameType(rawValue: 0x206)
  package static let closing = FrameType(rawValue: 0x207)

  @inlinable
  package var reply: FrameType { FrameType(rawValue: rawValue + 0x100) }
}
