package import DaybookModel
package import NIOCore

/// The bytes of `schemas/daybook/v1/event.proto` to `Event`. Fields it doesn't know are passed
/// over; an event of a kind it doesn't know is an error, for nothing can be derived from it.
package enum EventDecoding {
  /// Whether the content of messages and edits is wanted: a projector that only counts needs no copy of it.
  package enum ContentUse: Sendable { case copied, skipped }

  /// Throws `log_corrupt`.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer, content: ContentUse = .copied
  ) throws(DaybookError) -> Event {
    do throws(DaybookError) {
      return try decodeFields(bytes, content)
    } catch {
      throw DaybookError(.logCorrupt, "an event's bytes can't be decoded", cause: error)
    }
  }

  /// What led to an event in another partition; nil if nothing did. Throws `log_corrupt`.
  package static func cause(of bytes: UnsafeRawBufferPointer) throws(DaybookError) -> Cause? {
    do throws(DaybookError) {
      var reader = ProtobufReader(bytes)
      while !reader.isAtEnd {
        let tag = try reader.tag()
        if tag == causeTag { return try cause(ProtobufReader(try reader.delimited())) }
        try reader.skip(tag)
      }
      return nil
    } catch {
      throw DaybookError(.logCorrupt, "an event's bytes can't be decoded", cause: error)
    }
  }

  private static let causeTag = 11 << 3 | 2

  package static func decode(
    _ buffer: ByteBuffer, content: ContentUse = .copied
  ) throws(DaybookError) -> Event {
    var outcome: Result<Event, DaybookError>?
    buffer.withUnsafeReadableBytes { bytes in
      outcome = Result { () throws(DaybookError) in try decode(bytes, content: content) }
    }
    return try outcome!.get()
  }

  private static func decodeFields(
    _ bytes: UnsafeRawBufferPointer, _ content: ContentUse
  ) throws(DaybookError) -> Event {
    var reader = ProtobufReader(bytes)
    var event = Event(stream: StreamKey.unread, recordedAt: .none, actor: .none, body: .noted)
    var command = CommandFields()
    var actor = ActorFields()
    var hasBody = false
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 2:
        guard let stream = StreamKey(checked: try reader.string()) else {
          throw DaybookError(.logCorrupt, "its stream is neither a user's nor a group's")
        }
        event.stream = stream
      case 2 << 3: event.seq = Seq(try reader.varint())
      case 3 << 3 | 1: event.messageID = MessageID(try reader.fixed64())
      case 4 << 3 | 1: event.recordedAt = Timestamp(milliseconds: try reader.fixed64())
      case 5 << 3 | 2: actor.user = UserID(checked: try reader.string())
      case 6 << 3 | 2: actor.device = DeviceID(checked: try reader.string())
      case 7 << 3 | 2: actor.service = ServiceID(checked: try reader.string())
      case 8 << 3 | 2: command.origin = Origin(try reader.delimited())
      case 9 << 3: command.number = try reader.varint()
      case 10 << 3 | 5: command.digest = try reader.fixed32()
      case causeTag: event.cause = try cause(ProtobufReader(try reader.delimited()))
      default:
        if tag & 7 == 2, let kind = EventKind(rawValue: UInt8(clamping: tag >> 3)) {
          event.body = try body(kind, ProtobufReader(try reader.delimited()), content)
          hasBody = true
        } else {
          try reader.skip(tag)
          // Whoever only asks where an event stands is told so of every kind.
          if content == .skipped, tag & 7 == 2, tag >> 3 >= EventKind.firstField { hasBody = true }
        }
      }
    }
    guard hasBody, event.stream != .unread else {
      throw DaybookError(.logCorrupt, "it has no body of a known kind, or no stream")
    }
    event.command = command.id
    event.actor = Actor(user: actor.user, device: actor.device, service: actor.service)
    return event
  }

  private struct ActorFields {
    var user: UserID?
    var device: DeviceID?
    var service: ServiceID?
  }

  private struct CommandFields {
    var origin: Origin?
    var number: UInt64 = 0
    var digest: UInt32 = 0

    var id: CommandID? {
      origin.map { CommandID(origin: $0, number: number, digest: digest) }
    }
  }

  private static func cause(_ reader: consuming ProtobufReader) throws(DaybookError) -> Cause {
    var cause = Cause(partition: PartitionID(0), offset: .zero, index: 0)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3: cause.partition = PartitionID(UInt16(truncatingIfNeeded: try reader.varint()))
      case 2 << 3: cause.offset = Offset(Int64(truncatingIfNeeded: try reader.varint()))
      case 3 << 3: cause.index = UInt32(truncatingIfNeeded: try reader.varint())
      default: try reader.skip(tag)
      }
    }
    return cause
  }

  /// The fields of frequent bodies: each uses some, and their numbers don't overlap in type.
  private struct HotFields {
    var message = Message(content: ByteBuffer())
    var text = ""
    var seq = Seq.none
    var to = ""
    var senders: [DeliveredSender] = []
    var id = MessageID.none
    var isUntold = false
    var ids: [MessageID] = []
    /// Of an ack, its bound; and the senders'.
    var after: UInt64 = 0
    var afterIDs: [MessageID] = []
    var afterID = MessageID.none
    var isTold = false
    var extras = ReadExtras()
  }

  private static func body(
    _ kind: EventKind, _ reader: consuming ProtobufReader, _ content: ContentUse
  ) throws(DaybookError) -> Event.Body {
    switch kind {
    case .messageSent, .messageCopied, .messageWithheld, .acked, .read, .messagesDelivered,
      .messagesRead, .groupJoined, .groupLeft, .groupRead, .noted:
      break
    case .groupCursors: return .groupCursors(try GroupCursorsCoding.read(reader))
    default:
      // Every other kind is one of these.
      if let body = try ReadFields(reader, of: kind, content).body(of: kind) { return body }
      throw DaybookError(.logCorrupt, "its kind can't be decoded")
    }
    let isMessage = kind.isMessage || kind == .messageWithheld
    var fields = HotFields()
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch (isMessage, tag) {
      case (true, 1 << 3 | 2):
        let bytes = try reader.delimited()
        if content == .copied { fields.message.content = ByteBuffer(bytes: bytes) }
      case (true, 2 << 3 | 1):
        fields.message.clientTime = Timestamp(milliseconds: try reader.fixed64())
      case (true, 3 << 3 | 2): fields.message.senderName = try reader.string()
      case (true, 4 << 3 | 2): fields.to = try reader.string()
      case (true, 5 << 3): fields.seq = Seq(try reader.varint())
      case (false, 1 << 3 | 2): fields.text = try reader.string()
      case (false, 2 << 3 | 2):
        fields.senders.append(DeliveredSender(UserID(checked: try reader.string())))
      case (false, 3 << 3 | 1): fields.id = MessageID(try reader.fixed64())
      case (false, 3 << 3 | 2):
        var packed = ProtobufReader(try reader.delimited())
        while !packed.isAtEnd { fields.ids.append(MessageID(try packed.fixed64())) }
      case (true, 11 << 3):
        fields.message.receipts =
          StatedReceipts(rawValue: UInt8(clamping: try reader.varint())) ?? .unstated
      case (false, 3 << 3): fields.isTold = try reader.varint() != 0
      case (false, 4 << 3):
        fields.after = try reader.varint()
        fields.isUntold = fields.after != 0
      case (false, 4 << 3 | 1): fields.afterID = MessageID(try reader.fixed64())
      case (false, 5 << 3 | 1): fields.afterIDs.append(MessageID(try reader.fixed64()))
      case (false, 5 << 3 | 2):
        var packed = ProtobufReader(try reader.delimited())
        while !packed.isAtEnd { fields.afterIDs.append(MessageID(try packed.fixed64())) }
      // Kinds that hold nothing but a seq have it as their first field.
      case (false, 1 << 3), (false, 2 << 3): fields.seq = Seq(try reader.varint())
      default:
        if isMessage, try fields.extras.read(tag, &reader) { continue }
        try reader.skip(tag)
      }
    }
    if isMessage { fields.message.extras = fields.extras.extras }
    for (index, id) in zip(fields.senders.indices, fields.ids) {
      fields.senders[index].lastMessage = id
    }
    for (index, id) in zip(fields.senders.indices, fields.afterIDs) {
      fields.senders[index].after = id
    }
    return assemble(kind, fields)
  }

  private static func assemble(_ kind: EventKind, _ fields: HotFields) -> Event.Body {
    switch kind {
    case .messageSent: .messageSent(fields.message)
    case .messageWithheld: .messageWithheld(fields.message)
    case .messageCopied:
      .messageCopied(fields.message, to: UserID(checked: fields.to), peerSeq: fields.seq)
    case .acked:
      .acked(upTo: fields.seq, senders: fields.senders, after: Seq(fields.after))
    case .read:
      .read(
        peer: fields.text.isEmpty ? nil : UserID(checked: fields.text), upTo: fields.seq,
        notice: fields.isUntold ? .nobody : fields.id == .none ? .unstated : .upTo(fields.id))
    case .messagesDelivered:
      .messagesDelivered(
        by: UserID(checked: fields.text),
        upTo: NoticePosition(message: fields.id, peerSeq: fields.seq, after: fields.afterID))
    case .messagesRead:
      .messagesRead(
        by: UserID(checked: fields.text),
        upTo: NoticePosition(message: fields.id, peerSeq: fields.seq))
    case .groupJoined: .groupJoined(GroupID(checked: fields.text), at: fields.seq)
    case .groupLeft: .groupLeft(GroupID(checked: fields.text), at: fields.seq)
    case .groupRead:
      .groupRead(GroupID(checked: fields.text), upTo: fields.seq, isTold: fields.isTold)
    default: .noted
    }
  }
}

extension StreamKey {
  /// What an event has until its stream field was read. No id is empty, so it names no stream.
  fileprivate static let unread = StreamKey(checked: "user/")!
}
