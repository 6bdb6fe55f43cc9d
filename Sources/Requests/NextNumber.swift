package import DaybookModel
import DaybookSchema
package import NIOCore
package import Ports
import SwiftProtobuf
import WireProtocol

/// Which number is next of an origin's commands to a stream that are taken in turn: asked of the
/// stream's owner, who alone knows, and answers once all that it counts is durable.
package struct NextNumber: Sendable {
  package let command: Command

  /// Throws `invalid_request`, `invalid_id`, and `not_permitted` for another user's.
  package init(_ body: ByteBuffer, by requester: Requester) throws(DaybookError) {
    let request = try Daybook_V1_NextNumberRequest(frameBody: body)
    let (actor, origin) = try requester.issuer(
      try CommandContext.origin(of: request.origin), for: request.user)
    command = Command(
      stream: try StreamKey(parsing: request.stream), actor: actor, id: nil,
      body: .nextNumber(origin))
  }

  package static func answer(
    _ outcome: Result<CommandOutcome, DaybookError>
  ) -> Result<QueryAnswer, DaybookError> {
    Result { () throws(DaybookError) in
      let (next, held) = try outcome.get().nextNumber()
      let reply = Daybook_V1_NextNumberReply.with {
        $0.nextNumber = next
        $0.held = UInt32(clamping: held)
      }
      return QueryAnswer(body: ByteBuffer(bytes: reply.wireBytes()), observed: .none)
    }
  }
}
