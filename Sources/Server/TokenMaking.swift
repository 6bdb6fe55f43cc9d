package import DaybookModel
import Identity
package import Ports
import SegmentLog

extension DataFolder {
  /// For how many seconds a token may be good, and is if nobody says.
  package static let tokenSeconds = (
    standard: TokenAuthority.secondsDefault, most: TokenAuthority.secondsMax
  )

  /// An id that no other token has.
  package static func randomTokenID() -> String { TokenAuthority.randomID() }

  /// Makes tokens of this Daybook; beside a running server too. Throws as `Secret.load` does.
  package func tokens() async throws -> any TokenMaking {
    await TokenAuthority(
      secret: try Secret.load(at: secretPath),
      logID: try SegmentLogReader.describe(logPath).logID, now: { SystemClock().now() })
  }
}

extension TokenAuthority: TokenMaking {}

/// Makes tokens that say whom they speak for.
package protocol TokenMaking: Sendable {
  /// `id` is the token's own. Throws `invalid_argument` for a time that is no token's.
  func issue(
    _ principal: Principal, _ deviceClass: DeviceClass?, id: String,
    expiresInSeconds seconds: Int64
  ) async throws(DaybookError) -> String
}

extension TokenMaking {
  /// Of no class, with an id of its own.
  package func issue(
    _ principal: Principal, expiresInSeconds seconds: Int64
  ) async throws(DaybookError) -> String {
    try await issue(
      principal, nil, id: DataFolder.randomTokenID(), expiresInSeconds: seconds)
  }
}
