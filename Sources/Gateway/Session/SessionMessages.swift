import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// Commands about messages and conversations.
extension SessionMachine {
  private static let dayMilliseconds: UInt64 = 86_400_000

  mutating func send(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try SendRequest(frameBody: frame.body)
    try ContentCoding.check(request.content)
    guard request.senderName.utf8.count <= Limits.senderNameBytesMax else {
      throw DaybookError(
        .invalidRequest, "sender_name is over \(Limits.senderNameBytesMax) bytes")
    }
    guard request.clientTime.milliseconds <= Limits.clientTimeMillisecondsMax else {
      throw DaybookError(
        .invalidRequest, "client_time_ms is past the year 9999: state milliseconds since 1970, or 0"
      )
    }
    let issuer = try issuer(of: frame, request.context)
    var message = Message(
      content: request.content, clientTime: request.clientTime, senderName: request.senderName)
    guard let extras = request.extras else {
      return submit(issuer, request.to, .send(message), &output)
    }
    message.extras = try messageExtras(extras, to: request.to)
    let body: Command.Body = extras.isTransient ? .sendTransient(message) : .send(message)
    guard extras.replyTo != .none else {
      return submit(issuer, request.to, message: body, &output)
    }
    resolve(issuer, extras.replyTo, in: request.to, for: .reply(body), &output)
  }

  /// A direct message has no everyone to mention.
  private func messageExtras(
    _ extras: SendExtras, to stream: StreamKey
  ) throws(DaybookError) -> MessageExtras? {
    guard extras.keepDays <= Limits.keepDaysMax else {
      throw DaybookError(
        .invalidRequest, "a message is kept for 1 to \(Limits.keepDaysMax) days, or for good")
    }
    let kept = UInt64(extras.keepDays) * SessionMachine.dayMilliseconds
    let made = MessageExtras(
      replyTo: extras.replyTo, mentions: extras.mentions,
      mentionsEveryone: extras.mentionsEveryone && stream.kind == .group,
      expiresAt: kept == 0
        ? .none : Timestamp(milliseconds: clock.now().milliseconds + kept))
    return made.isEmpty ? nil : made
  }

  /// A send of either kind.
  mutating func submit(
    _ issuer: IssuedBy, _ stream: StreamKey, message body: Command.Body,
    _ output: inout SessionOutput
  ) {
    guard case .sendTransient(let message) = body else {
      return submit(issuer, stream, body, &output)
    }
    inFlight += 1
    let event = Event(
      stream: stream, recordedAt: .none, actor: issuer.actor, body: .messageSent(message))
    output.actions.append(
      .submit(
        Command(
          stream: stream, actor: issuer.actor, id: issuer.id, observed: observed, body: body),
        CommandPurpose(sequence: issuer.sequence, kind: .transient(event, issuer.type))))
  }

  mutating func recall(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_RecallRequest(frameBody: frame.body)
    resolve(
      try issuer(of: frame, request.context), try MessageID(claimed: request.messageID),
      in: try StreamKey(parsing: request.conversation), for: .recall, &output)
  }

  mutating func edit(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_EditRequest(frameBody: frame.body)
    let content = request.hasContent ? ByteBuffer(bytes: request.content.wireBytes()) : ByteBuffer()
    try ContentCoding.check(content)
    resolve(
      try issuer(of: frame, request.context), try MessageID(claimed: request.messageID),
      in: try StreamKey(parsing: request.conversation), for: .edit(content), &output)
  }

  mutating func react(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_ReactRequest(frameBody: frame.body)
    let bytes = 1...Limits.reactionBytesMax
    guard bytes.contains(request.reaction.utf8.count), request.reaction.isPrintable else {
      throw DaybookError(
        .invalidRequest,
        "a reaction has 1 to \(Limits.reactionBytesMax) bytes and no control characters")
    }
    resolve(
      try issuer(of: frame, request.context), try MessageID(claimed: request.messageID),
      in: try StreamKey(parsing: request.conversation),
      for: .react(request.reaction, isRemoved: request.remove), &output)
  }

  mutating func forward(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_ForwardRequest(frameBody: frame.body)
    resolve(
      try issuer(of: frame, request.context), try MessageID(claimed: request.messageID),
      in: try StreamKey(parsing: request.conversation),
      for: .forward(to: try StreamKey(parsing: request.to)), &output)
  }

  mutating func read(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_ReadRequest(frameBody: frame.body)
    let issuer = try issuer(of: frame, request.context)
    let conversation = try StreamKey(parsing: request.conversation)
    let upTo = Seq(request.upToSeq)
    // What is read was received: it is to be known in that order.
    flushAck(of: conversation.kind == .group ? conversation : .user(issuer.user), &output)
    guard let peer = conversation.userID else {
      return submit(issuer, conversation, .read(peer: nil, upTo: upTo), &output)
    }
    submit(issuer, .user(issuer.user), .read(peer: peer, upTo: upTo), &output)
  }

  mutating func clear(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_ClearRequest(frameBody: frame.body)
    let issuer = try issuer(of: frame, request.context)
    let conversation = try StreamKey(parsing: request.conversation)
    let upTo = Seq(request.upToSeq)
    guard let peer = conversation.userID else {
      return submit(issuer, conversation, .clear(peer: nil, upTo: upTo), &output)
    }
    submit(issuer, .user(issuer.user), .clear(peer: peer, upTo: upTo), &output)
  }
}
