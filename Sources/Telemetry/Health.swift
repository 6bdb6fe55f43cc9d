import NIOConcurrencyHelpers

/// How far the process is in its life, for whoever decides whether clients are sent to it.
package final class Health: Sendable {
  package enum Stage: String, Sendable {
    case starting
    case serving
    /// Told to stop: what is open is brought to its end.
    case draining
  }

  private let current = NIOLockedValueBox(Stage.starting)

  package init() {}

  package var stage: Stage { current.withLockedValue { $0 } }

  package func enter(_ stage: Stage) { current.withLockedValue { $0 = stage } }
}
