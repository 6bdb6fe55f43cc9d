import DaybookModel
import NIOCore

/// The bodies of the three kinds that carry a message.
enum MessageDecoding {
  static func body(
    of kind: EventKind, _ reader: consuming ProtobufReader, _ content: EventDecoding.ContentUse
  ) throws(DaybookError) -> Event.Body {
    var message = Message(content: ByteBuffer())
    var to = ""
    var peerSeq = Seq.none
    var extras: ReadExtras?
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 2:
        let bytes = try reader.delimited()
        if content == .copied { message.content = ByteBuffer(bytes: bytes) }
      case 2 << 3 | 1: message.clientTime = Timestamp(milliseconds: try reader.fixed64())
      case 3 << 3 | 2: message.senderName = try reader.string()
      case 4 << 3 | 2: to = try reader.string()
      case 5 << 3: peerSeq = Seq(try reader.varint())
      case 11 << 3:
        message.receipts =
          StatedReceipts(rawValue: UInt8(clamping: try reader.varint())) ?? .unstated
      default:
        var read = extras ?? ReadExtras()
        if try read.read(tag, &reader) { extras = read } else { try reader.skip(tag) }
      }
    }
    message.extras = extras?.extras
    switch kind {
    case .messageSent: return .messageSent(message)
    case .messageWithheld: return .messageWithheld(message)
    default:
      assert(kind == .messageCopied, "a kind that carries a message")
      return .messageCopied(message, to: UserID(checked: to), peerSeq: peerSeq)
    }
  }
}
