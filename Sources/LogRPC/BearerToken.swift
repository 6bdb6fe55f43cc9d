package import GRPCCore

/// The token, as RFC 6750 has it: `authorization: Bearer <token>`.
package enum BearerToken {
  private static let key = "authorization"
  private static let scheme = "bearer "

  package static func metadata(_ token: String) -> Metadata {
    [key: "Bearer \(token)"]
  }

  /// Nil where there is none.
  package static func token(in metadata: Metadata) -> String? {
    guard let text = metadata[stringValues: key].first(where: { _ in true }),
      text.prefix(scheme.count).lowercased() == scheme
    else { return nil }
    let token = text.dropFirst(scheme.count).trimmingPrefix { $0 == " " }
    return token.isEmpty ? nil : String(token)
  }
}
