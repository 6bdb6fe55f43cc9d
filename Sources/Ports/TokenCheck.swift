package import DaybookModel

/// Tells who holds a token.
package protocol TokenCheck: Sendable {
  /// Of a token that is good and of the usual form, within some microseconds: on an event loop. Nil says
  /// nothing of it: `check` then tells whether it is good after all, or what is wrong with it.
  func checkAtOnce(_ token: String) -> CheckedToken?

  /// Throws `invalid_token`, `expired_token`, `early_token` or `foreign_token` (of another
  /// Daybook's secret).
  func check(_ token: String) async throws(DaybookError) -> CheckedToken
}

/// A token that is good, until `expiresAt`.
package struct CheckedToken: Sendable, Equatable {
  package var principal: Principal
  package var expiresAt: Timestamp
  /// By which it may have been made void: that is the owner's of the mailbox to know.
  package var stamp: TokenStamp
  /// Nil where it names none.
  package var deviceClass: DeviceClass?

  package init(
    _ principal: Principal, expiresAt: Timestamp, stamp: TokenStamp = TokenStamp(issuedAt: .none),
    deviceClass: DeviceClass? = nil
  ) {
    self.principal = principal
    self.expiresAt = expiresAt
    self.stamp = stamp
    self.deviceClass = deviceClass
  }
}

/// Whom a token speaks for.
package enum Principal: Sendable, Equatable {
  case device(UserID, DeviceID)
  /// May act for any user; its events record both.
  case service(ServiceID)
}
