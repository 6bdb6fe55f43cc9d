import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// Commands about messages and conversations.
extension CommandRequests {
  private static let dayMilliseconds: UInt64 = 86_400_000

  static func send(
    _ body: ByteBuffer, _ requester: Requester, _ now: Timestamp
  ) throws(DaybookError) -> CommandRequest {
    let request = try SendRequest(frameBody: body)
    let issuer = try requester.issuer(request.context)
    do throws(DaybookError) {
      return try send(request, issuer, now)
    } catch {
      // The stream's owner is to know that nothing comes under this number: those behind it would wait.
      guard issuer.id.isGapless, !error.code.isTemporary else { throw error }
      return CommandRequest(issuer, request.to, .refused(error))
    }
  }

  private static func send(
    _ request: SendRequest, _ issuer: Issuer, _ now: Timestamp
  ) throws(DaybookError) -> CommandRequest {
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
    var message = Message(
      content: request.content, clientTime: request.clientTime, senderName: request.senderName)
    guard let extras = request.extras else {
      return CommandRequest(issuer, request.to, .send(message))
    }
    message.extras = try messageExtras(extras, to: request.to, now)
    guard !(extras.isTransient && issuer.id.isGapless) else {
      throw DaybookError(
        .invalidRequest, "a transient message is in no log, which its number could be counted by")
    }
    let body: Command.Body = extras.isTransient ? .sendTransient(message) : .send(message)
    guard extras.replyTo != .none else { return CommandRequest(issuer, request.to, body) }
    return CommandRequest(
      issuer,
      find: MessageCommand(
        MessageName(extras.replyTo, in: request.to, of: issuer.user), .reply(body)))
  }

  /// A direct message has no everyone to mention.
  private static func messageExtras(
    _ extras: SendExtras, to stream: StreamKey, _ now: Timestamp
  ) throws(DaybookError) -> MessageExtras? {
    guard extras.keepDays <= Limits.keepDaysMax else {
      throw DaybookError(
        .invalidRequest, "a message is kept for 1 to \(Limits.keepDaysMax) days, or for good")
    }
    let kept = UInt64(extras.keepDays) * dayMilliseconds
    let made = MessageExtras(
      replyTo: extras.replyTo, mentions: extras.mentions,
      mentionsEveryone: extras.mentionsEveryone && stream.kind == .group,
      expiresAt: kept == 0 ? .none : Timestamp(milliseconds: now.milliseconds + kept))
    return made.isEmpty ? nil : made
  }

  private static func find(
    _ context: Daybook_V1_CommandContext, _ id: UInt64, in conversation: String,
    _ requester: Requester, for use: (Issuer) throws(DaybookError) -> MessageCommand.Use
  ) throws(DaybookError) -> CommandRequest {
    let issuer = try issuer(context, requester)
    let name = MessageName(
      try MessageID(claimed: id), in: try StreamKey(parsing: conversation), of: issuer.user)
    return CommandRequest(issuer, find: MessageCommand(name, try use(issuer)))
  }

  static func recall(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_RecallRequest(frameBody: body)
    return try find(request.context, request.messageID, in: request.conversation, requester) {
      _ throws(DaybookError) in .recall
    }
  }

  static func edit(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_EditRequest(frameBody: body)
    let content = request.hasContent ? ByteBuffer(bytes: request.content.wireBytes()) : ByteBuffer()
    try ContentCoding.check(content)
    return try find(request.context, request.messageID, in: request.conversation, requester) {
      _ throws(DaybookError) in .edit(content)
    }
  }

  static func react(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_ReactRequest(frameBody: body)
    let bytes = 1...Limits.reactionBytesMax
    guard bytes.contains(request.reaction.utf8.count), request.reaction.isPrintable else {
      throw DaybookError(
        .invalidRequest,
        "a reaction has 1 to \(Limits.reactionBytesMax) bytes and no control characters")
    }
    return try find(request.context, request.messageID, in: request.conversation, requester) {
      _ throws(DaybookError) in .react(request.reaction, isRemoved: request.remove)
    }
  }

  static func forward(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_ForwardRequest(frameBody: body)
    return try find(request.context, request.messageID, in: request.conversation, requester) {
      _ throws(DaybookError) in .forward(to: try StreamKey(parsing: request.to))
    }
  }

  static func read(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_ReadRequest(frameBody: body)
    let issuer = try issuer(request.context, requester)
    let conversation = try StreamKey(parsing: request.conversation)
    let upTo = Seq(request.upToSeq)
    if let group = conversation.groupID {
      return CommandRequest(issuer, GroupRead(group, upTo: upTo, by: issuer.user))
    }
    return CommandRequest(issuer, .user(issuer.user), .read(peer: conversation.userID, upTo: upTo))
  }

  static func clear(
    _ body: ByteBuffer, _ requester: Requester
  ) throws(DaybookError) -> CommandRequest {
    let request = try Daybook_V1_ClearRequest(frameBody: body)
    let issuer = try issuer(request.context, requester)
    let conversation = try StreamKey(parsing: request.conversation)
    let upTo = Seq(request.upToSeq)
    guard let peer = conversation.userID else {
      return CommandRequest(issuer, conversation, .clear(peer: nil, upTo: upTo))
    }
    return CommandRequest(issuer, .user(issuer.user), .clear(peer: peer, upTo: upTo))
  }
}
