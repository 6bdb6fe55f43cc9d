import DaybookModel
import DaybookSchema
import NIOCore

extension DaybookError {
  /// As it stands in an error frame. The cause stays here: it may say more than a stranger should
  /// know.
  package var errorReply: Daybook_V1_ErrorReply {
    .with {
      $0.code = code.number
      $0.name = code.name
      $0.temporary = code.isTemporary
      $0.message = message
    }
  }

  /// What the other side said. A code that this version doesn't know keeps its number and name.
  package init(_ reply: Daybook_V1_ErrorReply) {
    self.init(
      ErrorCode(reply.code, reply.name, temporary: reply.temporary), reply.message)
  }
}
