import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import SwiftProtobuf
import WireProtocol

/// A server on a port of its own that opens every session, and for the rest answers as a test says.
final class ScriptedServer: Sendable {
  /// Appends what is to be sent upon this frame.
  typealias Answer = @Sendable (Frame, inout ByteBuffer) -> Void

  /// Why a session is refused, if it is.
  typealias Refusal = @Sendable (Daybook_V1_ConnectRequest) -> DaybookError?

  private let channel: any Channel
  private let connections: NIOLockedValueBox<[any Channel]>

  /// `tls` is asked for each connection; nil: in clear. `tokenMilliseconds` is what it says of how long a session's
  /// token lasts; 0: nothing.
  init(
    tls: (@Sendable () throws -> NIOSSLContext)? = nil,
    refusing refusal: @escaping Refusal = { _ in nil }, tokenMilliseconds: UInt64 = 0,
    _ answer: @escaping Answer
  ) async throws {
    let connections = NIOLockedValueBox<[any Channel]>([])
    self.connections = connections
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        connections.withLockedValue { $0.append(channel) }
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: try tls())) }
          try pipeline.addHandler(Handler(refusal, tokenMilliseconds, answer))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  var port: Int { channel.localAddress?.port ?? 0 }

  func close() async throws { try await channel.close() }

  /// Who is connected is so no more.
  func endConnections() async {
    let open = connections.withLockedValue { connections in
      defer { connections = [] }
      return connections
    }
    for connection in open { try? await connection.close() }
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let refusal: Refusal
    private let tokenMilliseconds: UInt64
    private let answer: Answer
    private var decoder = FrameDecoder()

    init(
      _ refusal: @escaping Refusal, _ tokenMilliseconds: UInt64, _ answer: @escaping Answer
    ) {
      self.refusal = refusal
      self.tokenMilliseconds = tokenMilliseconds
      self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      decoder.append(unwrapInboundIn(data))
      var out = context.channel.allocator.buffer(capacity: 1024)
      do throws(FrameFault) {
        while let frame = try decoder.next() {
          if frame.type == .connect, !connect(frame, &out) { continue }
          answer(frame, &out)
        }
      } catch {
        context.close(promise: nil)
      }
      context.writeAndFlush(wrapOutboundOut(out), promise: nil)
    }

    /// False if the session is refused.
    private func connect(_ frame: Frame, _ out: inout ByteBuffer) -> Bool {
      let request = (try? Daybook_V1_ConnectRequest(frameBody: frame.body)) ?? .init()
      if let error = refusal(request) {
        out.writeFrame(.error, sequence: frame.sequence, message: error.errorReply)
        return false
      }
      let reply = Daybook_V1_ConnectReply.with {
        $0.user = "me"
        $0.device = "phone"
        $0.logID = "log"
        $0.serverTimeMs = 1_000
        if tokenMilliseconds > 0 { $0.tokenExpiresAtMs = 1_000 + tokenMilliseconds }
      }
      out.writeFrame(.connect.reply, sequence: frame.sequence, message: reply)
      return true
    }
  }
}
