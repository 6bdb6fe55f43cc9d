import DaybookModel
import DaybookSchema

/// `AmendedSnapshot`.
extension AmendedMemory {
  func encode(_ field: Int, into writer: inout SnapshotWriter) {
    forEach { id, message in
      writer.message(field) { writer in
        writer.fixed64(1, id.rawValue)
        writer.flag(2, message.isRecalled)
        writer.uint(3, UInt64(message.edits))
        for reaction in message.reactions {
          writer.message(4) {
            $0.string(1, reaction.user.text)
            $0.string(2, reaction.text)
            $0.flag(3, message.withheld.contains(reaction))
          }
        }
        writer.uint(5, UInt64(message.changes))
      }
    }
  }

  /// False for a message that is there already.
  mutating func decode(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) -> Bool {
    var id = MessageID.none
    var message = AmendedMessage()
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.fixed64(1): id = MessageID(try reader.fixed64())
      case Tag.varint(2): message.isRecalled = try reader.flag()
      case Tag.varint(3): message.edits = Int(clamping: try reader.varint())
      case Tag.delimited(4): try message.decodeReaction(try reader.delimited())
      case Tag.varint(5): message.changes = Int(clamping: try reader.varint())
      default: return false
      }
      return true
    }
    return take(message, of: id)
  }
}

extension AmendedMessage {
  fileprivate mutating func decodeReaction(
    _ bytes: UnsafeRawBufferPointer
  ) throws(DaybookError) {
    var (user, text, isWithheld) = (UserID(checked: ""), "", false)
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.delimited(1): user = try reader.user()
      case Tag.delimited(2): text = try reader.string()
      case Tag.varint(3): isWithheld = try reader.flag()
      default: return false
      }
      return true
    }
    let reaction = Reaction(user: user, text: text)
    reactions.insert(reaction)
    if isWithheld { withheld.insert(reaction) }
  }
}
