package import DaybookModel
package import NIOCore

/// `Event` to the bytes of `schemas/daybook/v1/event.proto`, the same that the generated code
/// writes: fields in the order of their numbers, defaults left out.
package enum EventEncoding {
  /// Appends the event behind a little-endian UInt32 of its length, and returns its slot, with
  /// positions counted from `bodyStart` (an index of `buffer`).
  @inlinable
  package static func append(
    _ event: Event, to buffer: inout ByteBuffer, bodyStart: Int
  ) -> EventSlot {
    let bodyLength = BodyEncoding.length(of: event.body)
    let bound = boundForHeader(event) + bodyLength
    let start = buffer.writerIndex
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bound + 4) { memory in
      var writer = ProtobufWriter(UnsafeMutableRawBufferPointer(rebasing: memory.dropFirst(4)))
      write(event, bodyLength: bodyLength, to: &writer)
      memory.storeBytes(of: UInt32(writer.count).littleEndian, as: UInt32.self)
      return writer.count + 4
    }
    return EventSlot(
      start: UInt32(start + 4 - bodyStart), length: UInt32(buffer.writerIndex - start - 4),
      stream: event.stream.fingerprint, conversation: conversationFingerprint(event),
      seq: event.seq, messageID: event.messageID, kind: event.kind,
      origin: originFingerprint(event), number: event.command?.number ?? 0)
  }

  package static func encode(_ event: Event) -> ByteBuffer {
    var buffer = ByteBuffer()
    _ = append(event, to: &buffer, bodyStart: 0)
    buffer.moveReaderIndex(forwardBy: 4)
    return buffer.slice()
  }

  /// Zero for what no numbered command led to.
  @inlinable
  package static func originFingerprint(_ event: Event) -> UInt64 {
    guard let command = event.command else { return 0 }
    return IssuedOrigin(command, by: event.actor, to: event.stream).fingerprint
  }

  /// Of an amendment and of what was withheld, the key under which it is found; else zero.
  @inlinable
  package static func conversationFingerprint(_ event: Event) -> UInt64 {
    switch event.body {
    case .messageSent:
      event.stream.kind == .group
        ? ConversationKey.fingerprint(group: event.stream)
        : ConversationKey.fingerprint(mailbox: event.stream, peer: event.actor.user?.text ?? "")
    case .messageCopied(_, let to, _):
      ConversationKey.fingerprint(mailbox: event.stream, peer: to.text)
    case .messageRecalled, .messageEdited:
      ConversationKey.fingerprint(amendmentsOf: event.stream)
    case .reactionAdded, .reactionRemoved, .amendmentWithheld:
      ConversationKey.fingerprint(reactionsIn: event.stream.fingerprint)
    case .messageWithheld: ConversationKey.fingerprint(withheldIn: event.stream.fingerprint)
    default: 0
    }
  }

  /// Enough for all fields in front of the body, and the body's tag and length.
  @inlinable
  package static func boundForHeader(_ event: Event) -> Int {
    let names =
      event.stream.text.utf8.count + (event.actor.user?.text.utf8.count ?? 0)
      + (event.actor.device?.text.utf8.count ?? 0) + (event.actor.service?.text.utf8.count ?? 0)
    return names + 192
  }

  @inlinable
  package static func write(_ event: Event, bodyLength: Int, to writer: inout ProtobufWriter) {
    writer.string(1, event.stream.text)
    writer.uint(2, event.seq.rawValue)
    writer.fixed64(3, event.messageID.rawValue)
    writer.fixed64(4, event.recordedAt.milliseconds)
    if let user = event.actor.user { writer.string(5, user.text) }
    if let device = event.actor.device { writer.string(6, device.text) }
    if let service = event.actor.service { writer.string(7, service.text) }
    if let command = event.command {
      command.origin.withBytes { bytes in
        writer.tag(8, 2)
        writer.varint(UInt64(bytes.count))
        writer.raw(bytes)
      }
      writer.uint(9, command.number)
      writer.fixed32(10, command.digest)
    }
    if let cause = event.cause {
      let length =
        ProtobufSize.uint(1, UInt64(cause.partition.rawValue))
        + ProtobufSize.uint(2, UInt64(cause.offset.rawValue))
        + ProtobufSize.uint(3, UInt64(cause.index))
      writer.tag(11, 2)
      writer.varint(UInt64(length))
      writer.uint(1, UInt64(cause.partition.rawValue))
      writer.uint(2, UInt64(cause.offset.rawValue))
      writer.uint(3, UInt64(cause.index))
    }
    if let command = event.command { writer.uint(12, command.isGapless ? 1 : 0) }
    if let traceID = event.traceID {
      writer.tag(13, 2)
      writer.varint(UInt64(TraceID.byteCount))
      traceID.withBytes { writer.raw($0) }
    }
    if let command = event.command { writer.uint(14, UInt64(command.refusal)) }
    writer.tag(Int(event.kind.rawValue), 2)
    writer.varint(UInt64(bodyLength))
    let before = writer.count
    BodyEncoding.write(event.body, to: &writer)
    assert(writer.count - before == bodyLength, "the length of \(event.kind) is wrong")
  }
}

/// The messages of `Event`'s oneof.
package enum BodyEncoding {
  @inlinable
  package static func length(of body: Event.Body) -> Int {
    typealias Size = ProtobufSize
    return switch body {
    case .messageSent(let message), .messageWithheld(let message): length(of: message)
    case .messageCopied(let message, let to, let peerSeq):
      length(of: message) + Size.string(4, to.text) + Size.uint(5, peerSeq.rawValue)
    case .acked(let upTo, let senders, let after):
      senders.reduce(
        Size.uint(1, upTo.rawValue) + lengthOfIDs(of: senders) + Size.uint(4, after.rawValue)
      ) {
        $0 + Size.string(2, $1.user.text)
      }
    case .read(let peer, let upTo, let notice):
      Size.string(1, peer?.text ?? "") + Size.uint(2, upTo.rawValue) + length(of: notice)
    case .messagesDelivered(let by, let upTo), .messagesRead(let by, let upTo):
      Size.string(1, by.text) + Size.uint(2, upTo.peerSeq.rawValue)
        + Size.fixed64(3, upTo.message.rawValue) + Size.fixed64(4, upTo.after.rawValue)
    case .groupJoined(let group, let at), .groupLeft(let group, let at):
      Size.string(1, group.text) + Size.uint(2, at.rawValue)
    case .groupRead(let group, let upTo, let isTold):
      Size.string(1, group.text) + Size.uint(2, upTo.rawValue) + Size.uint(3, isTold ? 1 : 0)
    case .noted: 0
    default: BodyFields.of(body).reduce(0) { $0 + $1.length }
    }
  }

  @inlinable
  static func length(of notice: ReadNotice) -> Int {
    switch notice {
    case .unstated: 0
    case .upTo(let id): ProtobufSize.fixed64(3, id.rawValue)
    case .nobody: ProtobufSize.uint(4, 1)
    }
  }

  /// Packed; left out where nothing is known of any.
  @inlinable
  static func lengthOfIDs(of senders: [DeliveredSender]) -> Int {
    (hasIDs(senders) ? ProtobufSize.bytes(3, count: senders.count * 8) : 0)
      + (hasBounds(senders) ? ProtobufSize.bytes(5, count: senders.count * 8) : 0)
  }

  @inlinable
  static func hasBounds(_ senders: [DeliveredSender]) -> Bool {
    senders.contains { $0.after != .none }
  }

  @inlinable
  static func hasIDs(_ senders: [DeliveredSender]) -> Bool {
    senders.contains { $0.lastMessage != .none }
  }

  @inlinable
  package static func length(of message: Message) -> Int {
    ProtobufSize.bytes(1, count: message.content.readableBytes)
      + ProtobufSize.fixed64(2, message.clientTime.milliseconds)
      + ProtobufSize.string(3, message.senderName)
      + (message.extras.map(ExtrasCoding.length(of:)) ?? 0)
      + ProtobufSize.uint(11, UInt64(message.receipts.rawValue))
  }

  @inlinable
  package static func write(_ body: Event.Body, to writer: inout ProtobufWriter) {
    switch body {
    case .messageSent(let message), .messageWithheld(let message):
      write(message, to: &writer)
      writeRest(of: message, to: &writer)
    case .messageCopied(let message, let to, let peerSeq):
      write(message, to: &writer)
      writer.string(4, to.text)
      writer.uint(5, peerSeq.rawValue)
      writeRest(of: message, to: &writer)
    case .acked(let upTo, let senders, let after):
      writer.uint(1, upTo.rawValue)
      for sender in senders { writer.string(2, sender.user.text) }
      if hasIDs(senders) {
        writer.tag(3, 2)
        writer.varint(UInt64(senders.count * 8))
        for sender in senders { writer.fixed64Element(sender.lastMessage.rawValue) }
      }
      writer.uint(4, after.rawValue)
      if hasBounds(senders) {
        writer.tag(5, 2)
        writer.varint(UInt64(senders.count * 8))
        for sender in senders { writer.fixed64Element(sender.after.rawValue) }
      }
    case .read(let peer, let upTo, let notice):
      writer.string(1, peer?.text ?? "")
      writer.uint(2, upTo.rawValue)
      if case .upTo(let id) = notice { writer.fixed64(3, id.rawValue) }
      if case .nobody = notice { writer.uint(4, 1) }
    case .messagesDelivered(let by, let upTo), .messagesRead(let by, let upTo):
      writer.string(1, by.text)
      writer.uint(2, upTo.peerSeq.rawValue)
      writer.fixed64(3, upTo.message.rawValue)
      writer.fixed64(4, upTo.after.rawValue)
    case .groupJoined(let group, let at), .groupLeft(let group, let at):
      writer.string(1, group.text)
      writer.uint(2, at.rawValue)
    case .groupRead(let group, let upTo, let isTold):
      writer.string(1, group.text)
      writer.uint(2, upTo.rawValue)
      writer.uint(3, isTold ? 1 : 0)
    case .noted: break
    default: for field in BodyFields.of(body) { field.write(to: &writer) }
    }
  }

  @inlinable
  package static func write(_ message: Message, to writer: inout ProtobufWriter) {
    writer.message(1, message.content)
    writer.fixed64(2, message.clientTime.milliseconds)
    writer.string(3, message.senderName)
  }

  /// What has higher numbers than the fields that only a copy has.
  @inlinable
  static func writeRest(of message: Message, to writer: inout ProtobufWriter) {
    if let extras = message.extras { ExtrasCoding.write(extras, to: &writer) }
    writer.uint(11, UInt64(message.receipts.rawValue))
  }
}
