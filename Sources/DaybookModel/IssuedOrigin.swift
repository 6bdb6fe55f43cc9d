/// An origin and whose it is. Origins are no secret, for whoever receives a message sees its: so
/// that nobody uses up the numbers of another, each user has windows of their own. Services share
/// theirs, for what one has imported another must not import again.
///
/// An origin whose numbers count its commands to one stream alone is another one for each stream, and
/// never the one whose numbers count all of them.
package struct IssuedOrigin: Hashable, Sendable {
  package let origin: Origin
  /// Nil for what a service issued, for itself or for a user.
  package let user: UserID?
  /// Whose owner takes the numbers strictly in turn; nil for numbers of commands to whatever stream.
  package let gaplessStream: StreamKey?

  package init(_ origin: Origin, user: UserID?, in gaplessStream: StreamKey? = nil) {
    self.origin = origin
    self.user = user
    self.gaplessStream = gaplessStream
  }

  package init(_ origin: Origin, by actor: Actor, in gaplessStream: StreamKey? = nil) {
    self.init(origin, user: actor.service == nil ? actor.user : nil, in: gaplessStream)
  }

  /// Whose command led to an event.
  package init(_ command: CommandID, by actor: Actor, to stream: StreamKey) {
    self.init(command.origin, by: actor, in: command.isGapless ? stream : nil)
  }

  /// The key of postings of what its commands came to, by their numbers. Never 0.
  package var fingerprint: UInt64 {
    origin.withBytes { origin in
      let stream = gaplessStream?.fingerprint
      guard var user = user?.text else {
        return IssuedOrigin.fingerprint(origin, user: nil, gaplessStream: stream)
      }
      return user.withUTF8 {
        IssuedOrigin.fingerprint(origin, user: UnsafeRawBufferPointer($0), gaplessStream: stream)
      }
    }
  }

  /// Of numbers that are a stream's own, it is another key than of those that are not: both are in one
  /// table of an index, which need not know of the difference.
  @inlinable
  package static func fingerprint(
    _ origin: UnsafeRawBufferPointer, user: UnsafeRawBufferPointer?, gaplessStream: UInt64? = nil
  ) -> UInt64 {
    var hash = StableHash()
    hash.combine(origin)
    if let user { hash.combine(user) } else { hash.combine(0) }
    if let gaplessStream { hash.combine(gaplessStream) }
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
