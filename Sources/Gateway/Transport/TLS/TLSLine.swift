import NIOCore
import NIOSSL

/// TLS in front of whatever is spoken.
enum TLSLine {
  /// Adds its handlers, the socket's side first.
  static func configure(
    _ channel: any Channel, _ certificates: TLSCertificates, _ home: GatewayLoop
  ) throws {
    try channel.syncOptions?.setOption(.allocator, value: FreshPages.allocator)
    let lingering = LingeringClose()
    try channel.pipeline.syncOperations.addHandlers([
      lingering, NIOSSLServerHandler(context: certificates.context),
      PlaintextHandler(home, lingering),
    ])
  }
}
