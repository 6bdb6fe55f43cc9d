/// So much may be taken at once, and it grows again at a steady rate.
package struct Rate: Sendable, Equatable {
  package var perSecond: Double
  package var burst: Double

  package init(perSecond: Double, burst: Double) {
    assert(perSecond > 0 && burst >= 1)
    self.perSecond = perSecond
    self.burst = burst
  }
}

/// How often something may be done, by whom. Nil: as often as they like. An operator may change them while
/// the server runs.
package struct RateLimits: Sendable, Equatable {
  /// Connections that one address opens; an IPv6 address stands for its /64.
  package var connectsPerAddress: Rate?
  /// Tokens of one address that are refused. One more, and the address is refused for a while.
  package var failedTokensPerAddress: Rate?
  /// Commands of one user, acks and reads apart, over all devices.
  package var sendsPerUser: Rate?
  /// Questions of one user, over all devices.
  package var queriesPerUser: Rate?
  /// What one connection sends. Past that it is not read from for a while.
  package var bytesPerConnection: Rate?

  package init() {}

  /// Nobody mistypes a token sixty times, and a program that has a bad one asks ever again.
  package static var standard: RateLimits {
    var limits = RateLimits()
    limits.failedTokensPerAddress = Rate(perSecond: 0.2, burst: 60)
    return limits
  }
}
