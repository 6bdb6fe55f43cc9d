package import NIOCore

/// Cuts the bytes of one direction of a WebSocket into messages and control frames, and refuses what RFC 6455
/// refuses (section 5). No I/O, and no extension.
///
/// NIOWebSocket's decoder is not used: what it takes at most is fixed when it is made, and it keeps what it reads
/// up to there, whereas a stranger has to be held to less than who is known; it looks neither at masks nor at
/// reserved bits, and leaves it to others to put messages together.
///
/// Nothing of the bytes that were read is kept: payloads are copied out of them, unmasked.
package struct WebSocketDecoder: Sendable {
  /// Of a message, fragments together. May be raised at any time.
  package var messageBytesMax: Int
  /// Whether frames are to be masked: a client's are, a server's are not.
  private let areMasked: Bool
  /// Nil: both are taken.
  private let kindTaken: WebSocketMessage.Kind?

  private var head = WebSocketFrameHead()
  /// What of the present frame's payload has come.
  private var framed = 0
  private var isInPayload = false
  /// Of a message whose first fragment has come.
  private var kind: WebSocketMessage.Kind?
  private var message = ByteBuffer()
  private var text = UTF8Stream()
  private var control = ByteBuffer()

  package init(
    areMasked: Bool, taking kind: WebSocketMessage.Kind? = nil, messageBytesMax: Int
  ) {
    self.areMasked = areMasked
    kindTaken = kind
    self.messageBytesMax = messageBytesMax
  }

  /// Of the message that has begun: what has come of it, and what its present frame is still to bring.
  package var messageBytes: Int {
    kind == nil ? 0 : message.readableBytes + (isInPayload ? head.length - framed : 0)
  }

  /// Takes from `bytes` up to the end of what it returns; nil once they are used up. After a fault nothing can be
  /// read any more.
  package mutating func next(_ bytes: inout ByteBuffer) throws(WebSocketFault) -> WebSocketInput? {
    while true {
      if !isInPayload {
        guard try readHead(&bytes) else { return nil }
        try begin()
      }
      try take(&bytes)
      guard framed == head.length else { return nil }
      isInPayload = false
      let ended = head
      head = WebSocketFrameHead()
      if let input = try end(ended) { return input }
    }
  }

  private mutating func readHead(_ bytes: inout ByteBuffer) throws(WebSocketFault) -> Bool {
    while !head.isWhole {
      guard let byte = bytes.readInteger(as: UInt8.self) else { return false }
      try head.take(byte, areMasked: areMasked)
    }
    return true
  }

  /// All that can be refused by the head alone is, before memory is taken for what it announces.
  private mutating func begin() throws(WebSocketFault) {
    framed = 0
    isInPayload = true
    switch head.opcode {
    case .close, .ping, .pong: control = ByteBuffer()
    case .continuation:
      guard kind != nil else { throw .protocolError("a continuation of nothing") }
    case .text: try begin(.text)
    case .binary: try begin(.binary)
    }
    if !head.opcode.isControl, head.length > messageBytesMax - message.readableBytes {
      throw WebSocketFault(
        CloseCode.tooLarge, "a message of more than \(messageBytesMax) bytes")
    }
  }

  private mutating func begin(_ begun: WebSocketMessage.Kind) throws(WebSocketFault) {
    guard kind == nil else { throw .protocolError("a message within another one") }
    guard kindTaken == nil || kindTaken == begun else {
      let (taken, other) = begun == .text ? ("binary", "text") : ("text", "binary")
      throw WebSocketFault(
        CloseCode.wrongKind, "this subprotocol has \(taken) messages, and this is a \(other) one")
    }
    kind = begun
    text = UTF8Stream()
  }

  /// What has come of the payload.
  private mutating func take(_ bytes: inout ByteBuffer) throws(WebSocketFault) {
    let count = min(head.length - framed, bytes.readableBytes)
    guard count > 0 else { return }
    let (key, start) = (head.key, framed)
    framed += count
    guard !head.opcode.isControl else { return control.append(count, of: &bytes, key, start) }
    let before = message.writerIndex
    message.append(count, of: &bytes, key, start)
    guard kind == .text else { return }
    var text = text
    let isText = message.withUnsafeReadableBytes {
      text.take(UnsafeRawBufferPointer(rebasing: $0[before...]))
    }
    self.text = text
    if !isText { throw WebSocketFault(CloseCode.invalidText, "a text that is not UTF-8") }
  }

  /// Nil after a fragment that is not the last.
  private mutating func end(_ ended: WebSocketFrameHead) throws(WebSocketFault) -> WebSocketInput? {
    switch ended.opcode {
    case .close: return .close(try WebSocketClosing(parsing: control))
    case .ping: return .ping(control)
    case .pong: return .pong
    case .continuation, .text, .binary:
      guard ended.isFinal, let kind else { return nil }
      guard kind == .binary || text.isWhole else {
        throw WebSocketFault(CloseCode.invalidText, "a text that ends within a character")
      }
      let whole = WebSocketMessage(kind, message)
      self.kind = nil
      // Whoever waits for the next message keeps no memory of the last.
      message = ByteBuffer()
      return .message(whole)
    }
  }
}

extension WebSocketClosing {
  init(parsing payload: ByteBuffer) throws(WebSocketFault) {
    var rest = payload
    guard rest.readableBytes > 0 else {
      self.init(nil)
      return
    }
    guard let code = rest.readInteger(as: UInt16.self) else {
      throw .protocolError("half a close code")
    }
    guard CloseCode.isValid(code) else {
      throw .protocolError("\(code) is no code that a close frame may have")
    }
    let reason = rest.withUnsafeReadableBytes { String(validating: $0, as: UTF8.self) }
    guard let reason else {
      throw WebSocketFault(CloseCode.invalidText, "a reason that is not UTF-8")
    }
    self.init(code, reason)
  }
}
