/// What tells a token from the others of its holder.
package struct TokenStamp: Sendable, Hashable {
  /// The claim `iat`, in whole seconds: of one that has none, 0.
  package var issuedAt: Timestamp
  /// The claim `jti`; empty where there is none.
  package var id: String

  package init(issuedAt: Timestamp, id: String = "") {
    self.issuedAt = issuedAt
    self.id = id
  }
}

/// Tokens that are void: one, or all of a holder that were issued by some time.
package struct Revocation: Sendable, Hashable {
  /// Of this device alone; nil for all, and for one token.
  package var device: DeviceID?
  /// The one token of this id; empty for all.
  package var tokenID: String
  /// Tokens that were issued no later; none for one token.
  package var issuedUntil: Timestamp
  /// They are those of the service that is called as the mailbox's owner, and not the user's.
  package var isOfService: Bool

  package init(
    device: DeviceID? = nil, tokenID: String = "", issuedUntil: Timestamp = .none,
    isOfService: Bool = false
  ) {
    self.device = device
    self.tokenID = tokenID
    self.issuedUntil = issuedUntil
    self.isOfService = isOfService
  }

  /// `device` is that of the token, and nil for a service's.
  package func covers(_ token: TokenStamp, of device: DeviceID?) -> Bool {
    guard isOfService == (device == nil) else { return false }
    guard tokenID.isEmpty else { return ByteEquality.of(tokenID, token.id) }
    return token.issuedAt <= issuedUntil && (self.device == nil || self.device == device)
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.device == b.device && a.issuedUntil == b.issuedUntil && a.isOfService == b.isOfService
      && ByteEquality.of(a.tokenID, b.tokenID)
  }
}

extension DaybookError {
  /// Said to who comes with a token that is void, or has a session of it.
  package static var tokenIsRevoked: DaybookError {
    DaybookError(
      .tokenRevoked, "the token was made void by the server's operator: get a new one")
  }
}
