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
        var isQuiet = true
        // Each by itself: a file that is not as it should be keeps no other from being read.
        for (what, part) in [
          ("settings", { try await reload(server) }),
          ("secret and certificates", { try await server.reload() }),
        ] as [(String, () async throws -> [String])] {
          do {
            for change in try await part() {
              isQuiet = false
              logger.notice("SIGHUP: \(change)")
            }
          } catch {
            isQuiet = false
            logger.error("SIGHUP: all stays as it was of \(what): \(error)")
          }
        }
        if isQuiet { logger.notice("SIGHUP: nothing has changed") }
      }
    }
  }

  package func serves(_ server: DaybookServer) { running.withLockedValue { $0 = server } }
}
