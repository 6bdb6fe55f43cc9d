import NIOCore

/// Gives a channel its loop's buffer for each read.
///
/// A channel of NIO keeps the first buffer that it ever reads into, so that one is small: a Connect is
/// some 400 bytes. It keeps no other while it reads once at a time (`maxMessagesPerRead`), no next size is
/// known in advance, and it might grow.
struct LoopReads: RecvByteBufferAllocator {
  static let firstBytes = 512

  private let buffer: ReadBuffer
  private var hasRead: Bool

  init(_ buffer: ReadBuffer, hasRead: Bool = false) {
    self.buffer = buffer
    self.hasRead = hasRead
  }

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
    hasRead ? buffer.take() : allocator.buffer(capacity: LoopReads.firstBytes)
  }

  func nextBufferSize() -> Int? { nil }

  mutating func record(actualReadBytes: Int) -> Bool {
    hasRead = true
    return true
  }
}
