package import DaybookModel
package import Ports

/// What comes of a command.
package enum Decision: Sendable, Equatable {
  /// The event to log, and the answer once it is durable.
  case append(Event, CommandOutcome)
  /// Nothing to log. The answer tells of state, so it waits for what is in flight.
  case answer(CommandOutcome)
  case reject(DaybookError)
  /// Refused for good, with a number that is its stream's own: the event to log, so that a retry is
  /// refused again and those behind it go on, and the answer once it is durable.
  case refuse(Event, DaybookError)

  package static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.append(let e, let o), .append(let f, let p)): e == f && o == p
    case (.answer(let o), .answer(let p)): o == p
    case (.reject(let e), .reject(let f)): e.code == f.code
    case (.refuse(let e, let c), .refuse(let f, let d)): e == f && c.code == d.code
    default: false
    }
  }
}
