import DaybookModel

/// Tells who holds a token.
package protocol TokenCheck: Sendable {
  /// Throws `invalid_token`, `expired_token` or `foreign_token` (of another Daybook's secret).
  func check(_ token: String) async throws(DaybookError) -> Principal
}

/// Whom a token speaks for.
package enum Principal: Sendable, Equatable {
  case device(UserID, DeviceID)
  /// May act for any user; its events record both.
  case service(ServiceID)
}
