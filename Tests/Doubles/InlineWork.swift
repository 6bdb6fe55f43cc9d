import Ports

/// Does blocking work at once, on the thread that asks for it.
package final class InlineWork: BlockingWork {
  package init() {}

  package func run(_ work: @escaping @Sendable () -> Void) { work() }
}
