package import DaybookModel
import DaybookSchema
package import NIOCore

/// `AckRequest` of `schemas/daybook/v1/frame.proto`: the device has a stream's events up to here.
package struct AckRequest: Sendable, Equatable {
  package var stream: StreamKey
  package var upTo: Seq

  @inlinable
  package init(stream: StreamKey, upTo: Seq) {
    self.stream = stream
    self.upTo = upTo
  }

  /// Throws `invalid_request`, `invalid_id`.
  package init(frameBody body: ByteBuffer) throws(DaybookError) {
    self = try FieldReading.read(body, as: "AckRequest") { bytes throws(DaybookError) in
      try AckRequest(bytes)
    }
  }

  private init(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    var reader = ProtobufReader(bytes)
    var stream: StreamKey?
    var upTo = Seq.none
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 2:
        stream = try StreamKey(parsing: try FieldReading.string(try reader.delimited(), "stream"))
      case 2 << 3: upTo = Seq(try reader.varint())
      default: try reader.skip(tag)
      }
    }
    guard let stream else {
      throw DaybookError(.invalidRequest, "an Ack names no stream: set `stream`")
    }
    self.init(stream: stream, upTo: upTo)
  }

  package func write(to buffer: inout ByteBuffer) {
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: stream.text.utf8.count + 32) {
      var writer = ProtobufWriter($0)
      writer.string(1, stream.text)
      writer.uint(2, upTo.rawValue)
      return writer.count
    }
  }

  /// The whole frame.
  package func writeFrame(sequence: UInt32, to buffer: inout ByteBuffer) {
    buffer.writeFrame(.ack, sequence: sequence) { write(to: &$0) }
  }
}
