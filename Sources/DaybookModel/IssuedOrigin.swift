/// An origin and whose it is. Origins are no secret, for whoever receives a message sees its: so
/// that nobody uses up the numbers of another, each user has windows of their own. Services share
/// theirs, for what one has imported another must not import again.
package struct IssuedOrigin: Hashable, Sendable {
  package let origin: Origin
  /// Nil for what a service issued, for itself or for a user.
  package let user: UserID?

  package init(_ origin: Origin, user: UserID?) {
    self.origin = origin
    self.user = user
  }

  package init(_ origin: Origin, by actor: Actor) {
    self.init(origin, user: actor.service == nil ? actor.user : nil)
  }
}

/// A command's number, and whose it is.
package struct IssuedNumber: Hashable, Sendable {
  package let origin: IssuedOrigin
  package let number: UInt64

  package init(_ origin: IssuedOrigin, number: UInt64) {
    self.origin = origin
    self.number = number
  }
}
