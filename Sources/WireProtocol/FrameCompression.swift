import CZlib
package import DaybookModel
import DaybookSchema
package import NIOCore
import SwiftProtobuf

/// Frames in a frame `compressed`: whole ones, deflated without regard to what came before (RFC 1951), so
/// that neither side keeps anything of them.
package enum FrameCompression {
  /// Bodies of frames that are together smaller are sent as they are.
  package static let bodyBytesMin = Limits.compressedBodyBytesMin
  /// Of the frames in one. A larger frame is sent as it is.
  package static let framesBytesMax = Limits.compressedFramesBytesMax
  private static let level: Int32 = 3

  /// What to send in place of these frames, which lie in `chunks` one behind the other and are whole.
  package static func deflate(_ chunks: [ByteBuffer]) -> [ByteBuffer] {
    let count = chunks.reduce(0) { $0 + $1.readableBytes }
    guard count >= bodyBytesMin else { return chunks }
    var frames = ByteBuffer()
    if chunks.count == 1 {
      frames = chunks[0]
    } else {
      frames.reserveCapacity(count)
      for chunk in chunks { frames.writeImmutableBuffer(chunk) }
    }
    var sent: [ByteBuffer] = []
    while let run = takeRun(&frames) { sent.append(deflated(run.frames, bodies: run.bodies)) }
    assert(frames.readableBytes == 0, "frames are whole")
    return sent
  }

  /// As many of the frames as may go into one.
  private static func takeRun(_ frames: inout ByteBuffer) -> (frames: ByteBuffer, bodies: Int)? {
    var (bytes, bodies) = (0, 0)
    while frames.readableBytes - bytes >= FrameHeader.bytes {
      let at = frames.readerIndex + bytes
      guard let header = frames.getInteger(at: at, as: UInt32.self),
        let body = frames.getInteger(at: at + 16, as: UInt32.self)
      else { break }
      let whole = Int(header) + Int(body)
      guard bytes == 0 || bytes + whole <= framesBytesMax else { break }
      bytes += whole
      bodies += Int(body)
    }
    guard bytes > 0, let run = frames.readSlice(length: min(bytes, frames.readableBytes)) else {
      return nil
    }
    return (run, bodies)
  }

  /// As it is, where that is no more.
  private static func deflated(_ frames: ByteBuffer, bodies: Int) -> ByteBuffer {
    let length = frames.readableBytes
    guard bodies >= bodyBytesMin, length <= framesBytesMax else { return frames }
    // The header, and the message around the bytes.
    let around = FrameHeader.bytes + 16
    guard let bytes = deflated(frames, atMost: length - around) else { return frames }
    var frame = ByteBuffer()
    frame.reserveCapacity(bytes.count + around)
    frame.writeFrame(.compressed, sequence: 0) { body in
      body.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count + 16) { memory in
        var writer = ProtobufWriter(memory)
        writer.tag(1, 2)
        writer.varint(UInt64(bytes.count))
        bytes.withUnsafeBytes { writer.raw($0) }
        writer.uint(2, UInt64(length))
        return writer.count
      }
    }
    return frame
  }

  /// Nil where it takes more.
  private static func deflated(_ frames: ByteBuffer, atMost limit: Int) -> [UInt8]? {
    var stream = z_stream()
    guard limit > 0, daybook_deflate_start(&stream, level) == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    var made = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { output, count in
      made = frames.withUnsafeReadableBytes { input in
        stream.next_in = UnsafeMutablePointer(
          mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(limit)
        return CZlib.deflate(&stream, Z_FINISH) == Z_STREAM_END
          ? limit - Int(stream.avail_out) : 0
      }
      count = made
    }
    return made > 0 ? bytes : nil
  }

  /// The frames in the body of a `compressed`. No more memory is taken than what it states, which is
  /// checked first. Throws `malformed_frame` for bytes that are no such frames, for others than are
  /// stated, and for compressed ones among them.
  package static func inflate(_ body: ByteBuffer) throws(DaybookError) -> [Frame] {
    let compressed = try Daybook_V1_Compressed(frameBody: body)
    let length = Int(compressed.length)
    guard length > 0, length <= framesBytesMax else {
      throw fault("it states \(compressed.length) bytes: there are 1 to \(framesBytesMax)")
    }
    var stream = z_stream()
    guard daybook_inflate_start(&stream) == Z_OK else { throw fault("there is no memory for it") }
    defer { inflateEnd(&stream) }
    var isWhole = false
    var input = [UInt8](compressed.deflated)
    let bytes = [UInt8](unsafeUninitializedCapacity: length) { output, count in
      count = 0
      input.withUnsafeMutableBufferPointer { input in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(length)
        let status = CZlib.inflate(&stream, Z_FINISH)
        isWhole = status == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0
        count = length - Int(stream.avail_out)
      }
    }
    guard isWhole else { throw fault("it is not the \(length) bytes that it states") }
    return try frames(in: ByteBuffer(bytes: bytes))
  }

  private static func frames(in bytes: ByteBuffer) throws(DaybookError) -> [Frame] {
    var decoder = FrameDecoder(bodyBytesMax: framesBytesMax)
    var frames: [Frame] = []
    decoder.append(bytes)
    do throws(FrameFault) {
      while let frame = try decoder.next() { frames.append(frame) }
      try decoder.finish()
    } catch {
      throw error.error
    }
    guard !frames.contains(where: { $0.type == .compressed }) else {
      throw fault("a frame in it is compressed too")
    }
    return frames
  }

  private static func fault(_ reason: String) -> DaybookError {
    DaybookError(.malformedFrame, "a compressed frame can't be read: \(reason)")
  }
}
