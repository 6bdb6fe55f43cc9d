package import Logging
import NIOConcurrencyHelpers

/// What operators ask of a running server by signals, also while it starts: SIGUSR1 logs how things
/// stand, SIGHUP reads anew what may have changed.
package final class OperatorRequests: Sendable {
  private let running = NIOLockedValueBox<DaybookServer?>(nil)

  /// To be made once. `reload` does what the command line knows of, and returns a line for each change.
  package init(
    _ logger: Logger, reload: @escaping @Sendable (DaybookServer) async throws -> [String]
  ) {
    let started: @Sendable () -> DaybookServer? = { [running] in
      let server = running.withLockedValue { $0 }
      if server == nil { logger.info("no clients are let in now: the server starts") }
      return server
    }
    OperatorSignals.onStatus {
      guard let server = started() else { return }
      Task { await server.logStatus() }
    }
    OperatorSignals.onReload {
      guard let server = started() else { return }
      Task {
        ServiceNotice.isReloading()
        defer { ServiceNotice.isReady() }
        do {
          let changes = try await reload(server) + (try await server.reload())
          for change in changes { logger.notice("SIGHUP: \(change)") }
          if changes.isEmpty { logger.notice("SIGHUP: nothing has changed") }
        } catch {
          logger.error("SIGHUP: all stays as it was: \(error)")
        }
      }
    }
  }

  package func serves(_ server: DaybookServer) { running.withLockedValue { $0 = server } }
}
