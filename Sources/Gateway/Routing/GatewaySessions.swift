import DaybookModel
package import Logging
package import Metrics
import NIOConcurrencyHelpers
package import NIOCore
package import Ports

/// All sessions of a gateway, whatever their connections are made of: frames of
/// `schemas/wire-protocol.md` in, commands and queries out, committed events pushed.
package final class GatewaySessions: Sendable {
  let context: GatewayContext
  let loops: [GatewayLoop]

  /// `group` serves the sessions; its loops may be shared with the partitions'. Subscribes to
  /// `committed` at once. What sessions do off their loops runs on `threads`.
  package init(
    group: any EventLoopGroup, commands: any Commands, committed: any CommittedBatches,
    queries: any Queries, inspection: (any Inspection)? = nil, tokens: any TokenCheck,
    clock: any WallClock, logID: String,
    threads: any BlockingWork, options: GatewayOptions = GatewayOptions(), logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory
  ) {
    context = GatewayContext(
      commands: commands, queries: queries, inspection: inspection, tokens: tokens, clock: clock,
      logID: logID,
      options: options, registry: LocalSessions(), work: SessionThreads(threads),
      logger: logger, metrics: metrics)
    loops = context.serve(on: Array(group.makeIterator()))
    committed.subscribe(
      BatchRouter(
        loops, registry: context.registry, partitionCount: commands.partitionCount,
        logger: logger))
  }

  /// What was done until now is forgotten of what is no longer limited.
  package func changeRates(to limits: RateLimits) {
    context.addresses.change(to: limits)
    context.sessionSettings.rates.change(to: limits)
    for loop in loops { loop.loop.execute { loop.bytesRate = limits.bytesPerConnection } }
  }

  /// Which of a user's devices may be connected at the same time. Counts for who connects from now on.
  package func changeDevices(to policy: DevicePolicy) { context.devicePolicy = policy }

  /// How many connections there are, those that have not said who they are included.
  package func connectionCount() async -> Int {
    var count = 0
    for loop in loops { count += (try? await loop.loop.submit { loop.sessions.count }.get()) ?? 0 }
    return count
  }

  /// Answers what was asked, tells every session that the server stops, and returns when all
  /// connections are closed and the owners have what the sessions had to say. Nothing more may be let in
  /// by then.
  package func stop() async {
    await withTaskGroup { group in
      for loop in loops {
        group.addTask {
          await withCheckedContinuation { continuation in
            loop.loop.execute { loop.drain { continuation.resume() } }
          }
        }
      }
    }
    for loop in loops {
      // Sessions tell the log of their ends, which goes to the owners before these stop.
      try? await loop.loop.submit { loop.submitGathered() }.get()
    }
    for loop in loops { try? await loop.loop.submit { loop.end() }.get() }
    context.end()
  }
}
