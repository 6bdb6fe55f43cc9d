package import DaybookModel

/// Finds what indexes need of a stored event without decoding the rest.
package enum EventScan {
  /// `start` is where the event lies in its batch's body. Throws `log_corrupt`.
  package static func slot(
    of bytes: UnsafeRawBufferPointer, start: UInt32
  ) throws(DaybookError) -> EventSlot {
    do throws(DaybookError) {
      return try scan(bytes, start: start)
    } catch {
      throw DaybookError(.logCorrupt, "an event's bytes can't be decoded", cause: error)
    }
  }

  private static func scan(
    _ bytes: UnsafeRawBufferPointer, start: UInt32
  ) throws(DaybookError) -> EventSlot {
    var reader = ProtobufReader(bytes)
    var stream = UnsafeRawBufferPointer(start: nil, count: 0)
    var (user, service, origin) = (stream, stream, stream)
    var slot = EventSlot(
      start: start, length: UInt32(bytes.count), stream: 0, conversation: 0, seq: .none,
      messageID: .none, kind: nil)
    var body = stream
    var (hasBody, isGapless) = (false, false)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 2: stream = try reader.delimited()
      case 2 << 3: slot.seq = Seq(try reader.varint())
      case 3 << 3 | 1: slot.messageID = MessageID(try reader.fixed64())
      case 5 << 3 | 2: user = try reader.delimited()
      case 7 << 3 | 2: service = try reader.delimited()
      case 8 << 3 | 2: origin = try reader.delimited()
      case 9 << 3: slot.number = try reader.varint()
      case 12 << 3: isGapless = try reader.varint() != 0
      default:
        // Beside a body that is known, what isn't is a field of a later version.
        if tag & 7 == 2, tag >> 3 >= EventKind.firstField {
          let field = try reader.delimited()
          hasBody = true
          if let kind = EventKind(rawValue: UInt8(clamping: tag >> 3)) {
            (slot.kind, body) = (kind, field)
          }
        } else {
          try reader.skip(tag)
        }
      }
    }
    guard hasBody, !stream.isEmpty else {
      throw DaybookError(.logCorrupt, "it has no body, or no stream")
    }
    var hash = StableHash()
    hash.combine(stream)
    slot.stream = hash.finish()
    if !origin.isEmpty {
      // As `IssuedOrigin` has it: services share theirs.
      slot.origin = IssuedOrigin.fingerprint(
        origin, user: service.isEmpty && !user.isEmpty ? user : nil,
        gaplessStream: isGapless ? slot.stream : nil)
    }
    guard let kind = slot.kind else { return slot }
    if kind.isMessage {
      slot.conversation = try conversation(slot, stream: stream, sender: user, body: body)
    } else if kind.isAmendment {
      slot.conversation = ConversationKey.fingerprint(amendmentsOf: slot.stream)
    } else if kind.isReaction || kind == .amendmentWithheld {
      slot.conversation = ConversationKey.fingerprint(reactionsIn: slot.stream)
    } else if kind == .messageWithheld {
      slot.conversation = ConversationKey.fingerprint(withheldIn: slot.stream)
    }
    return slot
  }

  private static func conversation(
    _ slot: EventSlot, stream: UnsafeRawBufferPointer, sender: UnsafeRawBufferPointer,
    body: UnsafeRawBufferPointer
  ) throws(DaybookError) -> UInt64 {
    var hash = StableHash(seed: slot.stream)
    if slot.kind == .messageCopied {
      hash.combine(try receiver(ofCopy: body))
    } else if stream.first == UInt8(ascii: "g") {
      hash.combine(0)
    } else {
      hash.combine(sender)
    }
    return hash.finish()
  }

  private static func receiver(
    ofCopy body: UnsafeRawBufferPointer
  ) throws(DaybookError) -> UnsafeRawBufferPointer {
    var reader = ProtobufReader(body)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      if tag == 4 << 3 | 2 { return try reader.delimited() }
      try reader.skip(tag)
    }
    return UnsafeRawBufferPointer(start: nil, count: 0)
  }
}
