import DaybookModel
import GRPCCore
import LogRPC
import Ports

/// Who asks: services alone.
struct Callers: Sendable {
  let tokens: any TokenCheck

  /// Throws `invalid_token`, `not_permitted` and whatever the check does, as gRPC has it.
  func caller(_ metadata: Metadata) async throws -> CheckedToken {
    do throws(DaybookError) {
      guard let token = BearerToken.token(in: metadata) else {
        throw DaybookError(
          .invalidToken,
          "say who asks: the metadata 'authorization' is 'Bearer ' and a service's token")
      }
      let checked =
        if let known = tokens.checkAtOnce(token) { known } else { try await tokens.check(token) }
      guard case .service = checked.principal else {
        throw DaybookError(
          .notPermitted,
          "the token is a device's, and the log is for services: 'daybook token --service' makes one"
        )
      }
      return checked
    } catch {
      throw error.asRPCError
    }
  }
}
