/// Tokens that an operator makes void: all of a user or a service that were made until then, those of one
/// device, or one.
public struct RevokedTokens: Sendable, Hashable {
  /// Whose: a user's, or
  public var user: String?
  /// a service's.
  public var service: String?
  /// Of the user's devices this one; nil: all.
  public var device: String?
  /// The one of this id (its claim `jti`); nil: all.
  public var tokenID: String?

  private init(user: String?, service: String?, device: String? = nil, tokenID: String? = nil) {
    self.user = user
    self.service = service
    self.device = device
    self.tokenID = tokenID
  }

  /// All of a user that were made until then; of one device, where it is named.
  public static func all(ofUser user: String, device: String? = nil) -> RevokedTokens {
    RevokedTokens(user: user, service: nil, device: device)
  }

  /// All of a service that were made until then.
  public static func all(ofService service: String) -> RevokedTokens {
    RevokedTokens(user: nil, service: service)
  }

  /// One of a user.
  public static func token(_ id: String, ofUser user: String) -> RevokedTokens {
    RevokedTokens(user: user, service: nil, tokenID: id)
  }

  /// One of a service.
  public static func token(_ id: String, ofService service: String) -> RevokedTokens {
    RevokedTokens(user: nil, service: service, tokenID: id)
  }
}

/// What came of making tokens void.
public struct TokenRevocation: Sendable, Hashable {
  /// False where they were void before.
  public var isNew: Bool
  /// When the server took it: of all tokens, those are void that were made until then.
  public var at: Moment
}
