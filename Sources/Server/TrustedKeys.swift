package import DaybookModel
import Identity

/// Keys of others by which tokens are signed that this Daybook takes (`schemas/tokens.md`).
package struct TrustedKeys: Sendable {
  let trusted: TokenAuthority.Trusted

  /// `issuer` nil is any, `audience` nil the log's id; `services` lets their tokens speak for services. Throws
  /// as `KeySet.load`.
  package init(
    at path: String, issuer: String?, audience: String?, services: Bool
  ) async throws(DaybookError) {
    trusted = TokenAuthority.Trusted(
      try await KeySet.load(at: path), issuer: issuer, audience: audience,
      admitsServices: services)
  }

  package var ids: [String] { trusted.keys.ids }
}
