import DaybookModel

/// Why a session can't go on. Thrown by what is inside of it; `SessionMachine` then says so and closes.
enum EndOfSession: Error {
  /// For a reason that no request gave: said in a Closing.
  case closing(DaybookError)
  /// A request's fault ends it: said in the answer.
  case fault(DaybookError, sequence: UInt32)
  /// The client has asked for it, and has its answer.
  case asked
}
