import DaybookModel
package import NIOCore

/// What stands before a frame's body (`schemas/wire-protocol.md`), five big-endian UInt32:
///
///      0        4         8         12        16        20
///     +--------+---------+---------+---------+---------+ - - - - - - - +--------+
///     | header | client  | request | sequence| body    | rest of a     | body   |
///     | length | version | type    |         | length  | longer header |        |
///     +--------+---------+---------+---------+---------+ - - - - - - - +--------+
package struct FrameHeader: Sendable, Equatable {
  /// What this version writes.
  package static let bytes = 20
  /// A later version's header may be longer: the rest is skipped, up to here.
  package static let bytesMax = 1024
  /// The protocol's version that this code speaks.
  package static let currentVersion: UInt32 = 1

  /// The whole header, 20 and up.
  package var headerLength: UInt32
  package var version: UInt32
  package var type: FrameType
  package var sequence: UInt32
  package var bodyLength: UInt32

  package init(
    headerLength: UInt32 = UInt32(FrameHeader.bytes),
    version: UInt32 = FrameHeader.currentVersion, type: FrameType, sequence: UInt32,
    bodyLength: UInt32
  ) {
    self.headerLength = headerLength
    self.version = version
    self.type = type
    self.sequence = sequence
    self.bodyLength = bodyLength
  }
}

/// A frame as it came: the body is a slice of what was read.
package struct Frame: Sendable, Equatable {
  package var version: UInt32
  package var type: FrameType
  package var sequence: UInt32
  package var body: ByteBuffer

  @inlinable
  package init(
    version: UInt32 = FrameHeader.currentVersion, type: FrameType, sequence: UInt32,
    body: ByteBuffer
  ) {
    self.version = version
    self.type = type
    self.sequence = sequence
    self.body = body
  }
}
