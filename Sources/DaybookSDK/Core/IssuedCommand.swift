package import DaybookModel
package import NIOCore
package import WireProtocol

/// A command under its number: what is sent again, unchanged, until it is answered.
package struct IssuedCommand: Sendable, Equatable {
  /// Nil: the session's origin.
  package var origin: Origin?
  package var number: UInt64
  /// The user whom a service acts for.
  package var actingFor: UserID?
  package var body: Body
  /// The number counts its origin's messages to one stream alone, whose owner takes them in turn.
  package var isGapless: Bool
  package var traceID: TraceID?
  /// Its origin's numbers are no 1, 2, 3…: how far apart two of them are says nothing.
  package var hasSparseNumber: Bool

  package enum Body: Sendable, Equatable {
    case send(to: StreamKey, Message, SendExtras? = nil)
    /// The conversation's `user/<peer>` or `group/<id>`, here and in what follows.
    case read(conversation: StreamKey, upTo: Seq)
    case recall(conversation: StreamKey, MessageID)
    /// The content is the bytes of one `Content`.
    case edit(conversation: StreamKey, MessageID, content: ByteBuffer)
    case react(conversation: StreamKey, MessageID, reaction: String, isRemoved: Bool)
    case forward(to: StreamKey, conversation: StreamKey, MessageID)
    case createGroup(GroupID, GroupSettings)
    case changeGroup(GroupID, GroupChange)
    case join(GroupID)
    case leave(GroupID)
    case invite(GroupID, UserID)
    case remove(GroupID, UserID)
    case admit(GroupID, UserID)
    case refuse(GroupID, UserID)
    case changeRole(GroupID, UserID, Role)
    case silence(GroupID, UserID, Bool)
    case dissolve(GroupID)
    case block(UserID, Bool)
    case mark(conversation: StreamKey, MarksChange)
    case clear(conversation: StreamKey, upTo: Seq)
    case forgetDevice(DeviceID)
    /// Of a user, or of a service; an empty id says all.
    case revokeTokens(user: UserID?, service: ServiceID?, device: DeviceID?, tokenID: String)
  }

  package init(
    origin: Origin? = nil, number: UInt64, actingFor: UserID? = nil, body: Body,
    hasSparseNumber: Bool = false, isGapless: Bool = false, traceID: TraceID? = nil
  ) {
    self.origin = origin
    self.number = number
    self.actingFor = actingFor
    self.body = body
    self.hasSparseNumber = hasSparseNumber
    self.isGapless = isGapless
    self.traceID = traceID
  }
}

extension IssuedCommand {
  /// Where a message goes; nil for what is none.
  package var receiver: StreamKey? { body.receiver }
}

extension IssuedCommand.Body {
  var receiver: StreamKey? {
    switch self {
    case .send(let to, _, _), .forward(let to, _, _): to
    default: nil
    }
  }

  /// The user to whom it sends what is stored: there will be news of how far that has come.
  var followedReceiver: UserID? {
    switch self {
    case .send(let to, _, let extras): extras?.isTransient == true ? nil : to.userID
    case .forward(let to, _, _): to.userID
    default: nil
    }
  }
}
