package import DaybookModel
package import Ports
import WireProtocol

/// Who makes requests, as whatever carries them has found out from a token.
package struct Requester: Sendable, Equatable {
  package let principal: Principal
  /// Whom it acts as by itself: the same one for all that it asks.
  package let actor: Actor
  /// Of commands that state no origin of their own.
  package var origin: Origin?

  package init(_ principal: Principal, origin: Origin? = nil) {
    self.principal = principal
    self.origin = origin
    actor =
      switch principal {
      case .device(let user, let device): Actor(user: user, device: device)
      case .service(let service): Actor(service: service)
      }
  }

  package var user: UserID? {
    if case .device(let user, _) = principal { user } else { nil }
  }

  package var device: DeviceID? {
    if case .device(_, let device) = principal { device } else { nil }
  }

  package var service: ServiceID? {
    if case .service(let service) = principal { service } else { nil }
  }

  /// Throws `not_permitted` for what is no service's.
  func requireUser() throws(DaybookError) -> UserID {
    guard let user else { throw Requester.ownersOnly }
    return user
  }

  /// Whose mailbox is asked about: the asker's own, or of a service the one that it names. Throws
  /// `not_permitted`, `invalid_id`.
  func owner(_ named: String) throws(DaybookError) -> UserID {
    guard !named.isEmpty else { return try requireUser() }
    let named = try UserID(named)
    guard user.map({ $0 == named }) ?? true else {
      throw DaybookError(
        .notPermitted, "only a service may ask about another user: leave out user")
    }
    return named
  }

  /// Throws `not_permitted` for everybody else.
  package func requireService() throws(DaybookError) {
    guard service != nil else {
      throw DaybookError(.notPermitted, "only a service may ask for all that there is")
    }
  }

  package static var ownersOnly: DaybookError {
    DaybookError(
      .notPermitted, "a service has no mailbox: say whose in user, where the request has that")
  }

  /// Who acts in a command: the user, or the one whom a service acts for.
  private func actor(_ context: CommandContext) throws(DaybookError) -> Actor {
    switch principal {
    case .device:
      guard context.actingFor == nil else {
        throw DaybookError(.notPermitted, "only a service may act for a user: leave out acting_for")
      }
      return actor
    case .service(let service):
      guard let user = context.actingFor else {
        throw DaybookError(
          .invalidRequest, "a service's command acts for a user: set context.acting_for")
      }
      return Actor(user: user, service: service)
    }
  }

  /// Whose commands are asked about: the asker's own, or of a service those that it issued for the user
  /// whom it names. Throws `not_permitted`, `invalid_id`, and `invalid_request` where nobody states an origin.
  func issuer(
    _ origin: Origin?, for named: String
  ) throws(DaybookError) -> (actor: Actor, origin: Origin) {
    let user = try owner(named)
    guard let origin = origin ?? self.origin else {
      throw DaybookError(
        .invalidRequest, "numbers are an origin's: set it in Connect or in the question")
    }
    return (service == nil ? actor : Actor(user: user, service: service), origin)
  }

  /// Throws what is wrong with the context.
  func issuer(_ context: CommandContext) throws(DaybookError) -> Issuer {
    let actor = try actor(context)
    guard let user = actor.user else { throw Requester.ownersOnly }
    return try issuer(actor, user, context)
  }

  /// Of a command of a service's own, about this user's mailbox. Throws what is wrong with the context.
  func operatorsIssuer(
    _ context: CommandContext, of mailbox: UserID
  ) throws(DaybookError) -> Issuer {
    guard context.actingFor == nil else {
      throw DaybookError(
        .invalidRequest, "nobody makes tokens void but a service: leave out acting_for")
    }
    return try issuer(actor, mailbox, context)
  }

  private func issuer(
    _ actor: Actor, _ user: UserID, _ context: CommandContext
  ) throws(DaybookError) -> Issuer {
    guard context.number > 0 else {
      throw DaybookError(.invalidRequest, "a command has a number from 1 on: set context.number")
    }
    guard let origin = context.origin ?? origin else {
      throw DaybookError(
        .invalidRequest, "a command has an origin: set it in Connect or in the command's context")
    }
    return Issuer(
      actor: actor, user: user,
      id: NumberedOrigin(
        origin: origin, number: context.number, isGapless: context.isGapless),
      traceID: context.traceID)
  }
}

/// Who issues a command, as whom, and as which of their own.
package struct Issuer: Sendable {
  package let actor: Actor
  /// The actor's; of a service that acts for nobody, whose mailbox the command is about.
  package let user: UserID
  package let id: NumberedOrigin
  package let traceID: TraceID?

  /// Whose turn it is to whoever keeps commands in their order before they reach an owner. Nil where the
  /// owner takes the numbers in turn by itself.
  package var issued: IssuedNumber? {
    id.isGapless ? nil : IssuedNumber(IssuedOrigin(id.origin, by: actor), number: id.number)
  }
}
