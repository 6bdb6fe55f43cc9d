import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import SwiftProtobuf
import WireProtocol

/// What a session's state machine has to say: bytes for the client, in order, and actions.
///
/// Frames are copied into few buffers, which costs less than a write each; and of an event no slice is kept, whatever
/// its size: for as long as one client does not read, it would keep the whole batch, or page, that it lies in. Only
/// large answers stay the buffers that they were made in.
struct SessionOutput {
  /// Of what else is said, up to so much is copied.
  static let copiedBytesMax = 4096
  /// Where a buffer ends: what a partly filled one wastes is little, and one that was written is free.
  static let chunkBytes = 8192

  /// Up to there events are taken. A single one that is larger comes alone.
  var bytesMax: Int
  var actions: [SessionAction] = []
  private var whole: [ByteBuffer] = []
  private var open = ByteBuffer()
  private(set) var byteCount = 0
  /// Frames of these bytes, and how many of them push an event.
  private(set) var frameCount = 0
  private(set) var pushCount = 0
  /// Why the server ends the session, once it does.
  var ending: DaybookError?

  init(bytesMax: Int = .max) { self.bytesMax = bytesMax }

  var isEmpty: Bool { byteCount == 0 }

  /// For frames of events.
  var room: Int { max(0, bytesMax - byteCount) }

  /// Enough that it is worth to read more of the log.
  var hasRoom: Bool { isEmpty || room >= bytesMax / 2 }

  /// Whether there is room for an event of so many bytes.
  func takes(event bytes: Int) -> Bool { isEmpty || FrameHeader.bytes + bytes <= room }

  /// How many of these there is room for, from the first on.
  func taken(of events: [StreamEvent]) -> Int {
    var (count, bytes) = (0, 0)
    for event in events {
      bytes += FrameHeader.bytes + event.bytes.readableBytes
      guard bytes <= room || (isEmpty && count == 0) else { break }
      count += 1
    }
    return count
  }

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
    let length = event.readableBytes
    reserve(FrameHeader.bytes + length)
    open.writeFrameHeader(type, sequence: 0, bodyLength: length)
    byteCount += FrameHeader.bytes + length
    frameCount += 1
    pushCount += 1
    var rest = event
    while let piece = rest.readSlice(
      length: min(rest.readableBytes, SessionOutput.chunkBytes - open.readableBytes))
    {
      open.writeImmutableBuffer(piece)
      guard rest.readableBytes > 0 else { return }
      reserve(rest.readableBytes)
    }
  }

  mutating func write(_ type: FrameType, sequence: UInt32, body: ByteBuffer) {
    let length = body.readableBytes
    reserve(FrameHeader.bytes + (length > SessionOutput.copiedBytesMax ? 0 : length))
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
    reserve(FrameHeader.bytes)
    let before = open.writerIndex
    open.writeFrame(type, sequence: sequence, message: message)
    byteCount += open.writerIndex - before
    frameCount += 1
  }

  mutating func error(_ error: DaybookError, sequence: UInt32) {
    write(.error, sequence: sequence, error.errorReply)
  }

  /// What does not fit into a buffer that has begun begins the next one. The first is small, for most of what is
  /// said at a time is; it grows by itself.
  private mutating func reserve(_ bytes: Int) {
    if open.readableBytes > 0, open.readableBytes + bytes > SessionOutput.chunkBytes {
      whole.append(open)
      open = ByteBuffer()
    }
    guard open.capacity == 0 else { return }
    open.reserveCapacity(min(max(bytes, 512), SessionOutput.chunkBytes))
  }
}
