import DaybookModel
package import Logging
package import Metrics
package import Ports
import Projections

/// The projections of a log, and who answers from them.
package final class ReadSide: Sendable {
  private let projections: ProjectionRuntime
  private let service: QueryService

  /// `folder` is where the projections are kept. `relay` tells what read tokens wait for; nil where no
  /// owner is at hand. What questions wait for runs on `threads`.
  package init(
    log: any SearchableLog, folder: String, clock: any WallClock,
    relay: (any RelayProgress)? = nil, receiptsMembersMax: UInt64 = 1_000,
    timeout: Duration = .seconds(5), threads: any BlockingWork,
    logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory
  ) {
    projections = ProjectionRuntime(log: log, folder: folder, logger: logger, metrics: metrics)
    service = QueryService(
      log: log, folder: folder, clock: clock, runtime: projections, relay: relay,
      receiptsMembersMax: receiptsMembersMax, timeout: timeout, threads: threads)
  }

  package var queries: any Queries & Inspection { service }

  /// Follows the log from now on, woken by `committed`.
  package func start(_ committed: (any CommittedBatches)? = nil) {
    projections.start()
    committed?.subscribe(projections)
  }

  package func stop() async {
    service.stop()
    await projections.stop()
  }
}
