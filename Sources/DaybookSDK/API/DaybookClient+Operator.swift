import DaybookModel
import WireProtocol

/// What an operator's program does, with a service's token.
extension DaybookClient {
  /// Makes tokens void: sessions with them end, also this one if it is covered, and nobody connects with one any
  /// more. A token says in whole seconds when it was made, and one of the same second is void too. Throws
  /// `not_permitted` for who is no service, `too_many_revocations` among others.
  @discardableResult
  public func revoke(_ tokens: RevokedTokens) async throws(ClientError) -> TokenRevocation {
    let reply = try await issuer.command(try tokens.command())
    return TokenRevocation(isNew: reply.changed, at: Moment(reply.recordedAt))
  }
}

extension RevokedTokens {
  fileprivate func command() throws(ClientError) -> IssuedCommand.Body {
    var named: DeviceID?
    if let device { named = try .parse(device) }
    if let user {
      return .revokeTokens(
        user: try .parse(user), service: nil, device: named, tokenID: tokenID ?? "")
    }
    return .revokeTokens(
      user: nil, service: try .parse(service ?? ""), device: named, tokenID: tokenID ?? "")
  }
}
