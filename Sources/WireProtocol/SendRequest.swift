package import DaybookModel
import DaybookSchema
package import NIOCore

/// `SendRequest` of `schemas/daybook/v1/frame.proto`. The content stays the bytes that the sender
/// encoded: they are what the log keeps and receivers get.
package struct SendRequest: Sendable, Equatable {
  package var context: CommandContext
  package var to: StreamKey
  package var content: ByteBuffer
  package var clientTime: Timestamp
  package var senderName: String
  /// Nil for most messages, which have none of it.
  package var extras: SendExtras?

  @inlinable
  package init(
    context: CommandContext, to: StreamKey, content: ByteBuffer, clientTime: Timestamp = .none,
    senderName: String = "", extras: SendExtras? = nil
  ) {
    self.context = context
    self.to = to
    self.content = content
    self.clientTime = clientTime
    self.senderName = senderName
    self.extras = extras
  }

  /// The content is a slice of `body`. Throws `invalid_request`, `invalid_id`; the content itself
  /// is for `ContentCoding.check`.
  package init(frameBody body: ByteBuffer) throws(DaybookError) {
    self = try FieldReading.read(body, as: "SendRequest") { bytes throws(DaybookError) in
      try SendRequest(bytes, of: body)
    }
  }

  private init(_ bytes: UnsafeRawBufferPointer, of body: ByteBuffer) throws(DaybookError) {
    var reader = ProtobufReader(bytes)
    var context: CommandContext?
    var to: StreamKey?
    var content: ByteBuffer?
    var clientTime = Timestamp.none
    var senderName = ""
    var extras: SendExtras?
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 2:
        guard context == nil else { throw SendRequest.repeated("context") }
        context = try CommandContext(try reader.delimited())
      case 2 << 3 | 2:
        to = try StreamKey(parsing: try FieldReading.string(try reader.delimited(), "to"))
      case 3 << 3 | 2:
        // Protobuf would merge the two; bytes that are kept as they came can't be.
        guard content == nil else { throw SendRequest.repeated("content") }
        let field = try reader.delimited()
        // An empty field may have no address of its own.
        let start = field.isEmpty ? 0 : field.baseAddress! - bytes.baseAddress!
        content = body.getSlice(at: body.readerIndex + start, length: field.count)
      case 4 << 3 | 1: clientTime = Timestamp(milliseconds: try reader.fixed64())
      case 5 << 3 | 2:
        senderName = try FieldReading.string(try reader.delimited(), "sender_name")
      default:
        var read = extras ?? SendExtras()
        if try read.read(tag, &reader) { extras = read } else { try reader.skip(tag) }
      }
    }
    guard let to else {
      throw DaybookError(.invalidRequest, "a Send names no receiver: set `to`")
    }
    // A default that is written out says what its absence says.
    self.init(
      context: context ?? CommandContext(number: 0), to: to, content: content ?? ByteBuffer(),
      clientTime: clientTime, senderName: senderName,
      extras: extras == SendExtras() ? nil : extras)
  }

  private static func repeated(_ field: String) -> DaybookError {
    DaybookError(.invalidRequest, "a Send has `\(field)` twice: write it once")
  }

  package func write(to buffer: inout ByteBuffer) {
    let contextLength = context.length
    let bound =
      contextLength + to.text.utf8.count + content.readableBytes + senderName.utf8.count + 64
      + (extras?.bound ?? 0)
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { memory in
      var writer = ProtobufWriter(memory)
      writer.tag(1, 2)
      writer.varint(UInt64(contextLength))
      context.write(to: &writer)
      writer.string(2, to.text)
      writer.message(3, content)
      writer.fixed64(4, clientTime.milliseconds)
      writer.string(5, senderName)
      extras?.write(to: &writer)
      return writer.count
    }
  }

  /// The whole frame.
  package func writeFrame(sequence: UInt32, to buffer: inout ByteBuffer) {
    buffer.writeFrame(.send, sequence: sequence) { write(to: &$0) }
  }
}
