package import Logging
import NIOConcurrencyHelpers

/// Logs how things stand whenever SIGUSR1 asks for it, also while the server starts.
package final class StatusReport: Sendable {
  private let running = NIOLockedValueBox<DaybookServer?>(nil)

  /// To be made once.
  package init(_ logger: Logger) {
    StatusSignal.listen { [running] in
      guard let server = running.withLockedValue({ $0 }) else {
        return logger.info("no clients are let in now: the server starts")
      }
      Task { await server.logStatus() }
    }
  }

  package func serves(_ server: DaybookServer) { running.withLockedValue { $0 = server } }
}
