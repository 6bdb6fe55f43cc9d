import DaybookModel
import NIOCore
import NIOSSL

/// Behind TLS: tells the engine, in words that say what to do, why none came about or why it broke.
final class ClientTLSHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let engine: ClientEngine
  private let tls: NIOSSLClientHandler
  private let hasCertificate: Bool

  init(_ engine: ClientEngine, _ tls: NIOSSLClientHandler, hasCertificate: Bool) {
    self.engine = engine
    self.tls = tls
    self.hasCertificate = hasCertificate
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // It has the server's certificate also where that was refused.
    let certificate = tls.peerCertificate
    let fault = TLSFault(
      error, hasCertificate: hasCertificate,
      expiresAt: certificate.map { Int($0.notValidAfter) },
      beginsAt: certificate.map { Int($0.notValidBefore) })
    if let fault { engine.tlsFailed(fault) }
    context.fireErrorCaught(error)
  }
}
