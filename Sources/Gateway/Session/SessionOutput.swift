import DaybookModel
import DaybookSchema
import NIOCore
import SwiftProtobuf
import WireProtocol

/// What a session's state machine has to say: bytes for the client, in order, and actions.
/// Small frames are copied into one buffer, which costs less than a write each; from
/// `copiedBytesMax` on, an event's bytes stay a slice of the batch they came in.
struct SessionOutput {
  static let copiedBytesMax = 4096

  var actions: [SessionAction] = []
  private var whole: [ByteBuffer] = []
  private var open = ByteBuffer()
  private(set) var byteCount = 0
  /// Frames of these bytes, and how many of them push an event.
  private(set) var frameCount = 0
  private(set) var pushCount = 0
  /// Why the server ends the session, once it does.
  var ending: DaybookError?

  var isEmpty: Bool { byteCount == 0 }

  mutating func takeBytes() -> [ByteBuffer] {
    var taken = whole
    if open.readableBytes > 0 { taken.append(open) }
    whole = []
    // The channel holds the old one until it is written: a fresh one instead of a copy.
    open = ByteBuffer()
    (byteCount, frameCount, pushCount) = (0, 0, 0)
    return taken
  }

  mutating func push(_ type: FrameType = .event, event: ByteBuffer) {
    write(type, sequence: 0, body: event)
    pushCount += 1
  }

  mutating func write(_ type: FrameType, sequence: UInt32, body: ByteBuffer) {
    let length = body.readableBytes
    reserve(FrameHeader.bytes + min(length, SessionOutput.copiedBytesMax))
    byteCount += FrameHeader.bytes + length
    frameCount += 1
    guard length > SessionOutput.copiedBytesMax else {
      open.writeFrame(type, sequence: sequence, body: body)
      return
    }
    open.writeFrameHeader(type, sequence: sequence, bodyLength: length)
    whole.append(open)
    whole.append(body)
    open = ByteBuffer()
  }

  mutating func reply(_ reply: CommandReply, to request: FrameTypeOfRequest, sequence: UInt32) {
    reserve(96)
    let before = open.writerIndex
    reply.writeFrame(FrameType(rawValue: request).reply, sequence: sequence, to: &open)
    byteCount += open.writerIndex - before
    frameCount += 1
  }

  mutating func write(
    _ type: FrameType, sequence: UInt32 = 0, _ message: some SwiftProtobuf.Message
  ) {
    let before = open.writerIndex
    open.writeFrame(type, sequence: sequence, message: message)
    byteCount += open.writerIndex - before
    frameCount += 1
  }

  mutating func error(_ error: DaybookError, sequence: UInt32) {
    write(.error, sequence: sequence, error.errorReply)
  }

  private mutating func reserve(_ bytes: Int) {
    if open.capacity == 0 { open.reserveCapacity(max(bytes, 1024)) }
  }
}
