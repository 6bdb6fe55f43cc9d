package import NIOCore

/// What a WebSocket carries, whole, however it was cut on its way (RFC 6455, 5.6).
package struct WebSocketMessage: Sendable, Equatable {
  package enum Kind: Sendable, Equatable { case text, binary }

  package var kind: Kind
  package var payload: ByteBuffer

  package init(_ kind: Kind, _ payload: ByteBuffer) {
    self.kind = kind
    self.payload = payload
  }
}

/// What comes of the bytes of a WebSocket.
package enum WebSocketInput: Sendable, Equatable {
  case message(WebSocketMessage)
  /// Wants a pong with the same bytes.
  case ping(ByteBuffer)
  case pong
  case close(WebSocketClosing)
}

/// Why a WebSocket ends, as a close frame says it (RFC 6455, 5.5.1).
package struct WebSocketClosing: Sendable, Equatable {
  /// What a reason may have: a control frame's 125 bytes, but for those of the code.
  package static let reasonBytesMax = 123

  /// Nil where the frame says nothing.
  package var code: UInt16?
  package var reason: String

  package init(_ code: UInt16?, _ reason: String = "") {
    self.code = code
    self.reason = reason
  }

  /// Of a close frame: a reason that is too long is cut between characters.
  package var payload: ByteBuffer {
    var payload = ByteBuffer()
    guard let code else { return payload }
    var said = reason[...]
    while said.utf8.count > WebSocketClosing.reasonBytesMax { said.removeLast() }
    payload.writeInteger(code)
    payload.writeSubstring(said)
    return payload
  }
}

/// What a peer did that ends its WebSocket, with the code that tells it so (RFC 6455, 7.4.1).
package struct WebSocketFault: Error, Sendable, Equatable {
  package var code: UInt16
  package var reason: String

  package init(_ code: UInt16, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  static func protocolError(_ reason: String) -> WebSocketFault {
    WebSocketFault(CloseCode.protocolError, reason)
  }
}

/// RFC 6455, 5.2.
package enum WebSocketOpcode: UInt8, Sendable {
  case continuation = 0x0
  case text = 0x1
  case binary = 0x2
  case close = 0x8
  case ping = 0x9
  case pong = 0xA

  package init(_ kind: WebSocketMessage.Kind) {
    self = kind == .text ? .text : .binary
  }

  var isControl: Bool { rawValue & 0x8 != 0 }
}
