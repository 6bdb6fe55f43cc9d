import DaybookModel
import DaybookSchema
import Requests
import WireProtocol

/// What operators ask of the gateway itself, with a service's token.
enum OperatorFrames {
  /// Throws `not_permitted` for everybody else, and `invalid_request`.
  static func action(
    for frame: Frame, by requester: Requester
  ) throws(DaybookError) -> SessionAction {
    try requester.requireService()
    guard frame.type == .liftRefusal else {
      _ = try Daybook_V1_RefusedAddressesRequest(frameBody: frame.body)
      return .tellRefusedAddresses(sequence: frame.sequence)
    }
    let request = try Daybook_V1_LiftRefusalRequest(frameBody: frame.body)
    return .liftRefusal(of: request.address, sequence: frame.sequence)
  }
}
