import DaybookModel
import DaybookSchema
package import NIOCore
import WireProtocol

/// A message in an outbox: the frame that it is sent as.
extension IssuedCommand {
  /// Nil for what is no frame of a message, or none that this version can read.
  package init?(kept bytes: ByteBuffer) {
    var decoder = FrameDecoder()
    decoder.append(bytes)
    guard let frame = try? decoder.next() else { return nil }
    switch frame.type {
    case .send:
      guard let request = try? SendRequest(frameBody: frame.body) else { return nil }
      let message = Message(
        content: request.content, clientTime: request.clientTime, senderName: request.senderName)
      self.init(request.context, .send(to: request.to, message, request.extras))
    case .forward:
      guard let request = try? Daybook_V1_ForwardRequest(frameBody: frame.body),
        let context = try? CommandContext(request.context), let to = StreamKey(checked: request.to),
        let conversation = StreamKey(checked: request.conversation)
      else { return nil }
      self.init(
        context,
        .forward(to: to, conversation: conversation, MessageID(request.messageID)))
    default: return nil
    }
  }

  private init(_ context: CommandContext, _ body: Body) {
    self.init(
      origin: context.origin, number: context.number, actingFor: context.actingFor, body: body,
      isGapless: context.isGapless, traceID: context.traceID)
  }
}

extension IssuedCommand.Body {
  /// Whether it is a message that an outbox keeps: one that is only pushed is now or never.
  package var isKept: Bool {
    switch self {
    case .send(_, _, let extras): extras?.isTransient != true
    case .forward: true
    default: false
    }
  }
}
