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
  package static let renew = FrameType(rawValue: 4)
  // Commands.
  package static let send = FrameType(rawValue: 16)
  package static let ack = FrameType(rawValue: 17)
  package static let read = FrameType(rawValue: 18)
  package static let createGroup = FrameType(rawValue: 19)
  package static let join = FrameType(rawValue: 20)
  package static let leave = FrameType(rawValue: 21)
  package static let typing = FrameType(rawValue: 22)
  package static let recall = FrameType(rawValue: 48)
  package static let edit = FrameType(rawValue: 49)
  package static let react = FrameType(rawValue: 50)
  package static let forward = FrameType(rawValue: 51)
  package static let changeGroup = FrameType(rawValue: 52)
  package static let invite = FrameType(rawValue: 53)
  package static let remove = FrameType(rawValue: 54)
  package static let admit = FrameType(rawValue: 55)
  package static let refuse = FrameType(rawValue: 56)
  package static let changeRole = FrameType(rawValue: 57)
  package static let silence = FrameType(rawValue: 58)
  package static let dissolve = FrameType(rawValue: 59)
  package static let block = FrameType(rawValue: 60)
  package static let mark = FrameType(rawValue: 61)
  package static let clear = FrameType(rawValue: 62)
  package static let forgetDevice = FrameType(rawValue: 63)
  // Queries.
  package static let fetch = FrameType(rawValue: 32)
  package static let history = FrameType(rawValue: 33)
  package static let unread = FrameType(rawValue: 34)
  package static let online = FrameType(rawValue: 35)
  package static let members = FrameType(rawValue: 36)
  package static let receipts = FrameType(rawValue: 37)
  package static let devices = FrameType(rawValue: 38)
  package static let group = FrameType(rawValue: 39)
  package static let conversations = FrameType(rawValue: 40)
  package static let blocked = FrameType(rawValue: 41)
  package static let user = FrameType(rawValue: 42)
  package static let memberships = FrameType(rawValue: 43)
  package static let offline = FrameType(rawValue: 44)
  package static let users = FrameType(rawValue: 45)
  package static let groups = FrameType(rawValue: 46)
  package static let streams = FrameType(rawValue: 47)
  package static let overview = FrameType(rawValue: 64)
  package static let refusedAddresses = FrameType(rawValue: 65)
  package static let liftRefusal = FrameType(rawValue: 66)
  package static let nextNumber = FrameType(rawValue: 68)
  // An operator's command.
  package static let revoke = FrameType(rawValue: 67)

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
  /// An event that stands in no log: what was sent to whoever is online.
  package static let transient = FrameType(rawValue: 0x208)
  package static let awaitingAck = FrameType(rawValue: 0x209)
  package static let behind = FrameType(rawValue: 0x20a)
  package static let compressed = FrameType(rawValue: 0x20b)

  /// Requests that are answered with a `CommandReply`.
  package static let commands: Set<FrameType> = [
    .send, .read, .createGroup, .join, .leave, .recall, .edit, .react, .forward, .changeGroup,
    .invite, .remove, .admit, .refuse, .changeRole, .silence, .dissolve, .block, .mark, .clear,
    .forgetDevice, .revoke,
  ]

  /// Requests that change nothing, but for fetch, which a client's session asks for itself.
  package static let queries: Set<FrameType> = [
    .history, .unread, .online, .members, .receipts, .devices, .group, .conversations, .blocked,
    .user, .memberships, .offline, .users, .groups, .streams,
    .overview, .nextNumber,
  ]

  /// Requests that are the gateway's own matter.
  package static let ofGateway: Set<FrameType> = [.renew, .refusedAddresses, .liftRefusal]

  @inlinable
  package var reply: FrameType { FrameType(rawValue: rawValue + 0x100) }
}
