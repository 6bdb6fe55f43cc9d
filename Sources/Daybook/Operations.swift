import DaybookModel
import Logging
import Metrics
import NIOCore
import NIOConcurrencyHelpers
import Server
import Telemetry

/// What of a server is for its operators: counted metrics, and the HTTP port that tells them and whether
/// the server is well. The port is there before the log is open, and goes last.
final class Operations: Sendable {
  private let registry = MetricRegistry()
  private let health = Health()
  private let port: OperatorPort
  private let running: NIOLockedValueBox<DaybookServer?>

  init(_ logger: Logger) {
    let running = NIOLockedValueBox<DaybookServer?>(nil)
    self.running = running
    let process = ProcessMetrics(registry)
    registry.beforeReading {
      process.update()
      running.withLockedValue { $0 }?.measure()
    }
    port = OperatorPort(metrics: registry, health: health, logger: logger) {
      await running.withLockedValue { $0 }?.fault()
    }
  }

  /// For all that is to be counted.
  var metrics: any MetricsFactory { registry }

  /// Returns where it listens. Throws `unreachable`.
  func start(_ address: ServerAddress) async throws -> SocketAddress {
    try await port.start(host: address.host, port: address.port)
  }

  func serves(_ server: DaybookServer) {
    running.withLockedValue { $0 = server }
    health.enter(.serving)
  }

  /// From now on no client should be sent here.
  func drains() { health.enter(.draining) }

  func stop() async {
    running.withLockedValue { $0 = nil }
    await port.stop()
  }
}
