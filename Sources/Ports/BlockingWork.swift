/// Threads on which blocking work may wait, so that no event loop does.
package protocol BlockingWork: AnyObject, Sendable {
  func run(_ work: @escaping @Sendable () -> Void)
}
