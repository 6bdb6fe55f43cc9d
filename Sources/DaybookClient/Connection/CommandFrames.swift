import DaybookModel
import DaybookSchema
import NIOCore
import WireProtocol

extension IssuedCommand {
  /// The whole frame.
  func writeFrame(sequence: UInt32, to buffer: inout ByteBuffer) {
    switch body {
    case .send(let to, let message):
      let context = CommandContext(origin: origin, number: number, actingFor: actingFor)
      SendRequest(
        context: context, to: to, content: message.content, clientTime: message.clientTime,
        senderName: message.senderName
      ).writeFrame(sequence: sequence, to: &buffer)
    case .read(let conversation, let upTo):
      let request = Daybook_V1_ReadRequest.with {
        $0.context = context
        $0.conversation = conversation.text
        $0.upToSeq = upTo.rawValue
      }
      buffer.writeFrame(.read, sequence: sequence, message: request)
    case .createGroup(let group, let title):
      let request = Daybook_V1_CreateGroupRequest.with {
        $0.context = context
        $0.group = group.text
        $0.title = title
      }
      buffer.writeFrame(.createGroup, sequence: sequence, message: request)
    case .join(let group):
      let request = Daybook_V1_JoinRequest.with {
        $0.context = context
        $0.group = group.text
      }
      buffer.writeFrame(.join, sequence: sequence, message: request)
    case .leave(let group):
      let request = Daybook_V1_LeaveRequest.with {
        $0.context = context
        $0.group = group.text
      }
      buffer.writeFrame(.leave, sequence: sequence, message: request)
    }
  }

  private var context: Daybook_V1_CommandContext {
    .with {
      if let origin { $0.origin.append(contentsOf: origin.bytes) }
      $0.number = number
      if let actingFor { $0.actingFor = actingFor.text }
    }
  }
}
