package import DaybookModel
package import NIOCore

/// Why the bytes of a connection can't be read on. Nothing behind it can be trusted: the
/// connection is answered and closed.
package struct FrameFault: Error, Sendable, CustomStringConvertible {
  /// Of the frame at fault, or 0 where its header had not arrived or can't be believed.
  package var sequence: UInt32
  /// `malformed_frame` or `frame_too_large`.
  package var error: DaybookError
  /// What came looks like TLS, which whoever reads frames in clear was not told to expect.
  package var isTLS: Bool

  package init(sequence: UInt32, error: DaybookError, isTLS: Bool = false) {
    self.sequence = sequence
    self.error = error
    self.isTLS = isTLS
  }

  package var description: String { error.description }
}

/// Cuts the bytes of one direction of a connection into frames. No I/O; lengths are checked
/// before any memory is taken for what they announce, and a body is a slice, not a copy.
package struct FrameDecoder: Sendable {
  /// A body's limit in bytes.
  package let bodyBytesMax: Int
  /// A whole frame's, header included, for as long as there is one: of who is not known yet, less
  /// is taken.
  package var strangerFrameBytesMax: Int?
  private var pending = ByteBuffer()
  private var fault: FrameFault?

  package init(bodyBytesMax: Int = Limits.frameBytesMax, strangerFrameBytesMax: Int? = nil) {
    self.bodyBytesMax = bodyBytesMax
    self.strangerFrameBytesMax = strangerFrameBytesMax
  }

  /// Bytes that are here and no whole frame yet.
  package var pendingBytes: Int { pending.readableBytes }

  /// Of the frame at the front, header included, as soon as its header is here; else 0.
  package var frontBytes: Int {
    guard fault == nil, pending.readableBytes >= FrameHeader.bytes else { return 0 }
    let header = peekHeader()
    return Int(header.headerLength) + Int(header.bodyLength)
  }

  /// Takes what was read. Bytes that follow a fault are dropped.
  package mutating func append(_ bytes: ByteBuffer) {
    guard fault == nil else { return }
    if pending.readableBytes == 0 {
      pending = bytes
    } else {
      // Frames that were handed out share this storage, so writing to it may copy: only what is
      // still unread must move.
      pending.discardReadBytes()
      pending.writeImmutableBuffer(bytes)
    }
  }

  /// The next whole frame, or nil until more bytes are appended. After a fault it throws the same
  /// one again.
  package mutating func next() throws(FrameFault) -> Frame? {
    if let fault { throw fault }
    guard pending.readableBytes >= FrameHeader.bytes else {
      // The first word alone can tell that what comes is no frame.
      if let length = pending.getInteger(at: pending.readerIndex, as: UInt32.self) {
        try checkHeaderLength(length)
      }
      return nil
    }
    let header = peekHeader()
    try checkHeaderLength(header.headerLength)
    guard header.bodyLength <= UInt32(bodyBytesMax) else {
      throw fail(
        sequence: header.sequence,
        DaybookError(
          .frameTooLarge,
          "a frame's body of \(header.bodyLength) bytes is over the limit of \(bodyBytesMax)"))
    }
    let whole = Int(header.headerLength) + Int(header.bodyLength)
    if let most = strangerFrameBytesMax, whole > most {
      throw fail(
        sequence: header.sequence,
        DaybookError(
          .frameTooLarge,
          "a frame of \(whole) bytes: before a Connect was accepted, a frame has at most \(most)"))
    }
    guard pending.readableBytes >= whole else { return nil }
    pending.moveReaderIndex(forwardBy: Int(header.headerLength))
    guard let body = pending.readSlice(length: Int(header.bodyLength)) else {
      preconditionFailure("a slice of \(header.bodyLength) bytes that were just counted")
    }
    // A connection that waits for its next frame keeps no memory of the last one.
    if pending.readableBytes == 0 { pending = ByteBuffer() }
    return Frame(
      version: header.version, type: header.type, sequence: header.sequence, body: body)
  }

  /// The connection's end: throws `malformed_frame` where it cuts a frame in two.
  package mutating func finish() throws(FrameFault) {
    if let fault { throw fault }
    guard pending.readableBytes > 0 else { return }
    let known = pending.readableBytes >= FrameHeader.bytes
    throw fail(
      sequence: known ? peekHeader().sequence : 0,
      DaybookError(
        .malformedFrame, "the connection ended \(pending.readableBytes) bytes into a frame"))
  }

  private func peekHeader() -> FrameHeader {
    pending.withUnsafeReadableBytes { bytes in
      func word(_ index: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
      }
      return FrameHeader(
        headerLength: word(0), version: word(1), type: FrameType(rawValue: word(2)),
        sequence: word(3), bodyLength: word(4))
    }
  }

  private mutating func checkHeaderLength(_ length: UInt32) throws(FrameFault) {
    guard length < UInt32(FrameHeader.bytes) || length > UInt32(FrameHeader.bytesMax) else {
      return
    }
    // An alert or a handshake, and the version's first byte (RFC 8446, 5.1).
    let isTLS = [0x1503, 0x1603].contains(length >> 16)
    let fault =
      isTLS
      ? "TLS came, where frames in clear are spoken: connect to the address that serves TLS"
      : "a header of \(length) bytes: it has \(FrameHeader.bytes) to \(FrameHeader.bytesMax)"
    throw fail(sequence: 0, DaybookError(.malformedFrame, fault), isTLS: isTLS)
  }

  private mutating func fail(
    sequence: UInt32, _ error: DaybookError, isTLS: Bool = false
  ) -> FrameFault {
    let fault = FrameFault(sequence: sequence, error: error, isTLS: isTLS)
    self.fault = fault
    pending = ByteBuffer()
    return fault
  }
}
