import DaybookModel
import Hummingbird
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix

/// What operators and their machines ask over HTTP: `/metrics`, `/healthz`, `/readyz`. It has an event
/// loop of its own, so that it answers when the others do not.
///
/// Whoever reaches the port may ask: it belongs on a loopback or a private network.
package final class OperatorPort: Sendable {
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let metrics: MetricRegistry
  private let health: Health
  private let fault: @Sendable () async -> String?
  private let logger: Logger
  private let serving = NIOLockedValueBox<Task<Void, any Error>?>(nil)

  /// `fault` says what is wrong with a process that had better be started anew, or nil.
  package init(
    metrics: MetricRegistry, health: Health, logger: Logger,
    fault: @escaping @Sendable () async -> String?
  ) {
    self.metrics = metrics
    self.health = health
    self.fault = fault
    // What the library says of its own starting and stopping is no news to an operator: connections that
    // are cut when the port is closed are an error to it.
    var logger = logger
    logger.logLevel = .critical
    self.logger = logger
  }

  /// Listens. Port 0 takes a free one; the address returned has it. Throws `unreachable` if the
  /// address can't be had.
  package func start(host: String, port: Int) async throws -> SocketAddress {
    let (bound, continuation) = AsyncStream<SocketAddress>.makeStream()
    let application = Application(
      router: router,
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port), serverName: nil),
      onServerRunning: { channel in
        if let address = channel.localAddress { continuation.yield(address) }
        continuation.finish()
      },
      eventLoopGroupProvider: .shared(group), logger: logger)
    let task = Task {
      defer { continuation.finish() }
      try await application.run()
    }
    serving.withLockedValue { $0 = task }
    for await address in bound { return address }
    let address = ServerAddress(host: host, port: port)
    do {
      try await task.value
    } catch let error as IOError {
      throw DaybookError(
        .unreachable,
        "can't listen on \(address): is another server running there? (errno \(error.errnoCode))")
    }
    throw DaybookError(.unreachable, "\(address) has no address to listen on")
  }

  package func stop() async {
    let task = serving.withLockedValue { serving in
      defer { serving = nil }
      return serving
    }
    task?.cancel()
    _ = await task?.result
    try? await group.shutdownGracefully()
  }

  private var router: Router<BasicRequestContext> {
    let router = Router(options: .autoGenerateHeadEndpoints)
    router.get("/metrics") { [metrics] _, _ in
      OperatorPort.answer(.ok, await metrics.text(), PrometheusText.contentType)
    }
    router.get("/healthz") { [fault] _, _ in
      guard let fault = await fault() else { return OperatorPort.answer(.ok, "ok\n") }
      return OperatorPort.answer(.serviceUnavailable, fault + "\n")
    }
    router.get("/readyz") { [health] _, _ in
      let stage = health.stage
      return OperatorPort.answer(
        stage == .serving ? .ok : .serviceUnavailable, stage.rawValue + "\n")
    }
    router.get("/") { _, _ in
      OperatorPort.answer(.ok, "Daybook: /metrics, /healthz, /readyz\n")
    }
    return router
  }

  private static func answer(
    _ status: HTTPResponse.Status, _ text: String,
    _ contentType: String = "text/plain; charset=utf-8"
  ) -> Response {
    Response(
      status: status, headers: [.contentType: contentType, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
