package import DaybookModel
import DaybookSchema
package import NIOCore

/// `CommandReply` of `schemas/daybook/v1/frame.proto`: a command is durable, and this came of it.
package struct CommandReply: Sendable, Equatable {
  package var messageID: MessageID
  /// In the stream that the command went to; none where none was taken.
  package var seq: Seq
  package var recordedAt: Timestamp
  /// As the schema's enum numbers it: 1 is synced.
  package var durability: UInt32
  package var repeated: Bool
  package var changed: Bool
  /// Of a join: a moderator has to let the user in first.
  package var pending: Bool

  package static let synced: UInt32 = 1
  package static let notStored: UInt32 = 2

  @inlinable
  package init(
    messageID: MessageID, seq: Seq, recordedAt: Timestamp, durability: UInt32 = synced,
    repeated: Bool, changed: Bool, pending: Bool = false
  ) {
    self.messageID = messageID
    self.seq = seq
    self.recordedAt = recordedAt
    self.durability = durability
    self.repeated = repeated
    self.changed = changed
    self.pending = pending
  }

  /// Throws `invalid_request`.
  package init(frameBody body: ByteBuffer) throws(DaybookError) {
    self = try FieldReading.read(body, as: "CommandReply") { bytes throws(DaybookError) in
      try CommandReply(bytes)
    }
  }

  private init(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    self.init(
      messageID: .none, seq: .none, recordedAt: .none, durability: 0, repeated: false,
      changed: false)
    var reader = ProtobufReader(bytes)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 1: messageID = MessageID(try reader.fixed64())
      case 2 << 3: seq = Seq(try reader.varint())
      case 3 << 3 | 1: recordedAt = Timestamp(milliseconds: try reader.fixed64())
      case 4 << 3: durability = UInt32(truncatingIfNeeded: try reader.varint())
      case 5 << 3: repeated = try reader.varint() != 0
      case 6 << 3: changed = try reader.varint() != 0
      case 7 << 3: pending = try reader.varint() != 0
      default: try reader.skip(tag)
      }
    }
  }

  package func write(to buffer: inout ByteBuffer) {
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 64) { memory in
      var writer = ProtobufWriter(memory)
      writer.fixed64(1, messageID.rawValue)
      writer.uint(2, seq.rawValue)
      writer.fixed64(3, recordedAt.milliseconds)
      writer.uint(4, UInt64(durability))
      writer.uint(5, repeated ? 1 : 0)
      writer.uint(6, changed ? 1 : 0)
      writer.uint(7, pending ? 1 : 0)
      return writer.count
    }
  }

  /// The whole frame; `type` is the reply type of the command's request.
  package func writeFrame(_ type: FrameType, sequence: UInt32, to buffer: inout ByteBuffer) {
    buffer.writeFrame(type, sequence: sequence) { write(to: &$0) }
  }
}
