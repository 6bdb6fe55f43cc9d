import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// Tokens that are made void: an operator's command, for nobody.
extension CommandRequests {
  static func revoke(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    try requester.requireService()
    let request = try Daybook_V1_RevokeRequest(frameBody: body)
    guard request.user.isEmpty != request.service.isEmpty else {
      throw DaybookError(
        .invalidRequest, "say whose tokens are void: either a user's or a service's")
    }
    let isOfService = request.user.isEmpty
    // A service has no mailbox: what is void of its tokens stands in the one that a user of its name has.
    let holder =
      isOfService
      ? UserID(checked: try ServiceID(request.service).text) : try UserID(request.user)
    let device = request.device.isEmpty ? nil : try DeviceID(request.device)
    guard device == nil || (!isOfService && request.tokenID.isEmpty) else {
      throw DaybookError(
        .invalidRequest,
        "a device says which tokens of a user are void: leave it out of a service, and beside a token's id"
      )
    }
    guard request.tokenID.utf8.count <= Limits.tokenIDBytesMax else {
      throw DaybookError(
        .invalidRequest, "a token's id has at most \(Limits.tokenIDBytesMax) bytes")
    }
    let issuer = try requester.operatorsIssuer(
      try CommandContext(request.context), of: holder)
    return CommandRequest(
      issuer, .user(holder),
      .revokeTokens(device: device, tokenID: request.tokenID, ofService: isOfService))
  }
}
