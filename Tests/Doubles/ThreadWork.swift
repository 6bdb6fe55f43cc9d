import Foundation
import Ports

/// Does each piece of blocking work on a thread of its own.
package final class ThreadWork: BlockingWork {
  package init() {}

  package func run(_ work: @escaping @Sendable () -> Void) { Thread.detachNewThread(work) }
}
