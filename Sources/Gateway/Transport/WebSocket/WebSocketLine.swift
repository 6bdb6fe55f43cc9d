import NIOCore
import NIOHTTP1

/// What an operator may set of WebSockets.
package struct WebSocketOptions: Sendable {
  /// Whose pages may connect, each as a browser writes it in small letters, `https://chat.example.org`; nil: those
  /// of the host that is asked.
  package var origins: [String]?

  package init(origins: [String]? = nil) {
    self.origins = origins.map { $0.map { $0.lowercased() } }
  }
}

/// Speaks HTTP/1.1 and then RFC 6455 in front of a session's handler, which is there from the beginning: so a
/// connection that has not become a WebSocket counts, and has to hurry, as one that has not connected.
enum WebSocketLine {
  private static let headersMax = 64

  static func configure(
    _ channel: any Channel, _ home: GatewayLoop, _ options: WebSocketOptions
  ) throws {
    let bytesMax = home.context.options.upgradeBytesMax
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = bytesMax
    limits.maxHeaderListSize = bytesMax
    limits.maxHeaderFieldCount = headersMax
    let decoder = ByteToMessageHandler(
      HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits),
      maximumBufferSize: bytesMax)
    try channel.pipeline.syncOperations.addHandlers([
      decoder, UpgradeHandler(home, options, behind: decoder),
    ])
  }
}
