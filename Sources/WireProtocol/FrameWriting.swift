package import DaybookModel
package import NIOCore
package import SwiftProtobuf

extension ByteBuffer {
  package mutating func writeFrameHeader(_ type: FrameType, sequence: UInt32, bodyLength: Int) {
    writeMultipleIntegers(
      UInt32(FrameHeader.bytes), FrameHeader.currentVersion, type.rawValue, sequence,
      UInt32(bodyLength))
  }

  /// Header and body, the body copied.
  package mutating func writeFrame(_ type: FrameType, sequence: UInt32, body: ByteBuffer) {
    writeFrameHeader(type, sequence: sequence, bodyLength: body.readableBytes)
    writeImmutableBuffer(body)
  }

  /// Header and a generated message as the body.
  package mutating func writeFrame(
    _ type: FrameType, sequence: UInt32, message: some SwiftProtobuf.Message
  ) {
    let bytes = message.wireBytes()
    writeFrameHeader(type, sequence: sequence, bodyLength: bytes.count)
    writeBytes(bytes)
  }

  /// Header and a body that `write` appends; the header's length is filled in afterwards.
  package mutating func writeFrame(
    _ type: FrameType, sequence: UInt32, body write: (inout ByteBuffer) -> Void
  ) {
    let start = writerIndex
    writeFrameHeader(type, sequence: sequence, bodyLength: 0)
    write(&self)
    let length = UInt32(writerIndex - start - FrameHeader.bytes)
    setInteger(length, at: start + 16)
  }
}

extension SwiftProtobuf.Message {
  /// proto3 messages without `Any` always serialize: there is nothing to be missing.
  package func wireBytes() -> [UInt8] {
    do {
      return try serializedBytes()
    } catch {
      preconditionFailure("\(Self.protoMessageName) can't be serialized: \(error)")
    }
  }

  /// Throws `invalid_request` for a body that isn't this message.
  package init(frameBody body: ByteBuffer) throws(DaybookError) {
    do {
      self = try body.withUnsafeReadableBytes { try Self(serializedBytes: Array($0)) }
    } catch {
      throw DaybookError(
        .invalidRequest, "the body is no \(Self.protoMessageName)", cause: error)
    }
  }
}
