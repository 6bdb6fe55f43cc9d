import DaybookModel
import NIOCore
import WireProtocol

/// A command under its number: what is sent again, unchanged, until it is answered.
package struct IssuedCommand: Sendable, Equatable {
  /// Nil: the session's origin.
  package var origin: Origin?
  package var number: UInt64
  /// The user whom a service acts for.
  package var actingFor: UserID?
  package var body: Body

  package enum Body: Sendable, Equatable {
    case send(to: StreamKey, Message)
    /// The conversation's `user/<peer>` or `group/<id>`.
    case read(conversation: StreamKey, upTo: Seq)
    case createGroup(GroupID, title: String)
    case join(GroupID)
    case leave(GroupID)
  }

  package init(
    origin: Origin? = nil, number: UInt64, actingFor: UserID? = nil, body: Body
  ) {
    self.origin = origin
    self.number = number
    self.actingFor = actingFor
    self.body = body
  }
}
