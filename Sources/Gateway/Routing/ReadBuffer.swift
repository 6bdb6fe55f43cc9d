import NIOCore

/// Where the connections of one event loop are read into, one after the other: one that waits for bytes
/// keeps no memory for them. What comes is copied out of it, at its own size, by whoever was read.
///
/// `@unchecked Sendable`: touched on its loop only.
final class ReadBuffer: @unchecked Sendable {
  private let capacity: Int
  private var spare = ByteBuffer()

  /// So many bytes are read at a time.
  init(capacity: Int) { self.capacity = capacity }

  func take() -> ByteBuffer {
    var taken = ByteBuffer()
    swap(&taken, &spare)
    guard taken.capacity >= capacity else {
      return ByteBufferAllocator().buffer(capacity: capacity)
    }
    // Were it still somebody else's, this would make another one.
    taken.clear()
    return taken
  }

  /// It has been read into, and was copied. Of what others have made on the way, such as the plaintext of TLS,
  /// nothing is kept: whoever made it goes on using it.
  func giveBack(_ buffer: ByteBuffer) {
    if buffer.capacity == capacity { spare = buffer }
  }
}
