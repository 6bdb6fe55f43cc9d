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
      var event = blank
      try decodeFields(bytes, content, names: nil, into: &event)
      return event
    } catch {
      throw DaybookError(.logCorrupt, "an event's bytes can't be decoded", cause: error)
    }
  }

  /// What folds into read models: without contents, commands and causes. Streams and actors come from
  /// `names` where it knows them. It takes the place of `event`, whatever that was. Throws `log_corrupt`.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer, names: NameCache, into event: inout Event
  ) throws(DaybookError) {
    (event.seq, event.messageID, event.recordedAt) = (.none, .none, .none)
    (event.command, event.cause, event.traceID, event.body) = (nil, nil, nil, .noted)
    do throws(DaybookError) {
      try decodeFields(bytes, .skipped, names: names, into: &event)
    } catch {
      throw DaybookError(.logCorrupt, "an event's bytes can't be decoded", cause: error)
    }
  }

  /// An event to be filled. Names no stream.
  package static var blank: Event {
    Event(stream: StreamKey.unread, recordedAt: .none, actor: .none, body: .noted)
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
    _ bytes: UnsafeRawBufferPointer, _ content: ContentUse, names: NameCache?,
    into event: inout Event
  ) throws(DaybookError) {
    var reader = ProtobufReader(bytes)
    var command = CommandFields()
    var actor = ActorFields()
    var (hasBody, hasStream) = (false, false)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 2:
        event.stream = try stream(try reader.delimited(), names)
        hasStream = true
      case 2 << 3: event.seq = Seq(try reader.varint())
      case 3 << 3 | 1: event.messageID = MessageID(try reader.fixed64())
      case 4 << 3 | 1: event.recordedAt = Timestamp(milliseconds: try reader.fixed64())
      case 5 << 3 | 2: actor.user = try reader.delimited()
      case 6 << 3 | 2: actor.device = try reader.delimited()
      case 7 << 3 | 2: actor.service = try reader.delimited()
      case 8 << 3 | 2 where names == nil: command.origin = Origin(try reader.delimited())
      case 9 << 3: command.number = try reader.varint()
      case 10 << 3 | 5: command.digest = try reader.fixed32()
      case causeTag where names == nil:
        event.cause = try cause(ProtobufReader(try reader.delimited()))
      case 12 << 3: command.isGapless = try reader.varint() != 0
      case 13 << 3 | 2 where names == nil: event.traceID = TraceID(try reader.delimited())
      case 14 << 3: command.refusal = UInt32(truncatingIfNeeded: try reader.varint())
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
    guard hasBody, hasStream else {
      throw DaybookError(.logCorrupt, "it has no body of a known kind, or no stream")
    }
    event.actor = names?.actor(actor) ?? Actor(actor)
    if names == nil { event.command = command.id }
  }

  private static func stream(
    _ bytes: UnsafeRawBufferPointer, _ names: NameCache?
  ) throws(DaybookError) -> StreamKey {
    // No id is empty.
    guard bytes.count > "user/".utf8.count,
      let stream = names.map({ $0.stream(bytes) })
        ?? StreamKey(checked: String(decoding: bytes, as: UTF8.self))
    else { throw DaybookError(.logCorrupt, "its stream is neither a user's nor a group's") }
    return stream
  }

  private struct CommandFields {
    var origin: Origin?
    var number: UInt64 = 0
    var digest: UInt32 = 0
    var isGapless = false
    var refusal: UInt32 = 0

    var id: CommandID? {
      origin.map {
        CommandID(
          origin: $0, number: number, digest: digest, isGapless: isGapless, refusal: refusal)
      }
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

  /// The fields of frequent bodies but messages: each uses some, and their numbers don't overlap in type.
  private struct HotFields {
    var text = ""
    var seq = Seq.none
    var senders: [DeliveredSender] = []
    var id = MessageID.none
    var isUntold = false
    var ids: [MessageID] = []
    /// Of an ack, its bound; and the senders'.
    var after: UInt64 = 0
    var afterIDs: [MessageID] = []
    var afterID = MessageID.none
    var isTold = false
  }

  private static func body(
    _ kind: EventKind, _ reader: consuming ProtobufReader, _ content: ContentUse
  ) throws(DaybookError) -> Event.Body {
    switch kind {
    case .messageSent, .messageCopied, .messageWithheld:
      return try MessageDecoding.body(of: kind, reader, content)
    case .acked, .read, .messagesDelivered, .messagesRead, .groupJoined, .groupLeft, .groupRead,
      .noted:
      return assemble(kind, try hotFields(reader))
    case .groupCursors: return .groupCursors(try GroupCursorsCoding.read(reader))
    default:
      // Every other kind is one of these.
      if let body = try ReadFields(reader, of: kind, content).body(of: kind) { return body }
      throw DaybookError(.logCorrupt, "its kind can't be decoded")
    }
  }

  private static func hotFields(
    _ reader: consuming ProtobufReader
  ) throws(DaybookError) -> HotFields {
    var fields = HotFields()
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 2: fields.text = try reader.string()
      case 2 << 3 | 2:
        fields.senders.append(DeliveredSender(UserID(checked: try reader.string())))
      case 3 << 3 | 1: fields.id = MessageID(try reader.fixed64())
      case 3 << 3 | 2:
        var packed = ProtobufReader(try reader.delimited())
        while !packed.isAtEnd { fields.ids.append(MessageID(try packed.fixed64())) }
      case 3 << 3: fields.isTold = try reader.varint() != 0
      case 4 << 3:
        fields.after = try reader.varint()
        fields.isUntold = fields.after != 0
      case 4 << 3 | 1: fields.afterID = MessageID(try reader.fixed64())
      case 5 << 3 | 1: fields.afterIDs.append(MessageID(try reader.fixed64()))
      case 5 << 3 | 2:
        var packed = ProtobufReader(try reader.delimited())
        while !packed.isAtEnd { fields.afterIDs.append(MessageID(try packed.fixed64())) }
      // Kinds that hold nothing but a seq have it as their first field.
      case 1 << 3, 2 << 3: fields.seq = Seq(try reader.varint())
      default: try reader.skip(tag)
      }
    }
    for (index, id) in zip(fields.senders.indices, fields.ids) {
      fields.senders[index].lastMessage = id
    }
    for (index, id) in zip(fields.senders.indices, fields.afterIDs) {
      fields.senders[index].after = id
    }
    return fields
  }

  private static func assemble(_ kind: EventKind, _ fields: HotFields) -> Event.Body {
    switch kind {
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
