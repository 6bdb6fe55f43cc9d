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

  /// The key of postings of what its commands came to, by their numbers. Never 0.
  package var fingerprint: UInt64 {
    origin.withBytes { origin in
      guard var user = user?.text else { return IssuedOrigin.fingerprint(origin, user: nil) }
      return user.withUTF8 {
        IssuedOrigin.fingerprint(origin, user: UnsafeRawBufferPointer($0))
      }
    }
  }

  @inlinable
  package static func fingerprint(
    _ origin: UnsafeRawBufferPointer, user: UnsafeRawBufferPointer?
  ) -> UInt64 {
    var hash = StableHash()
    hash.combine(origin)
    if let user { hash.combine(user) } else { hash.combine(0) }
    return max(1, hash.finish())
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
