package import DaybookModel
package import Ports

/// What opening a log takes from outside of it, and tells.
package struct OpeningContext: Sendable {
  /// What other files, sealed with the log's seal, state to be durable.
  package var statements: @Sendable (_ log: LogDescription) -> [DurableStatement] = { _ in [] }
  /// Called after everything is proven, before anything is changed.
  package var willChange: @Sendable () throws(DaybookError) -> Void = { () in }
  /// Another owner has opened the log: this one acks nothing any more, and should end.
  package var fenced: @Sendable (DaybookError) -> Void = { _ in }

  package init() {}
}
