/// One of the codes of `schemas/errors.yaml`, which says what each means and what to do.
/// A list of values rather than an enum, so that it can grow.
package struct ErrorCode: Hashable, Sendable, CustomStringConvertible {
  package let number: UInt32
  package let name: String
  /// The same request may succeed later, unchanged.
  package let isTemporary: Bool

  package init(_ number: UInt32, _ name: String, temporary: Bool = false) {
    self.number = number
    self.name = name
    self.isTemporary = temporary
  }

  package var description: String { name }

  package static func == (a: Self, b: Self) -> Bool { a.number == b.number }
  package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

/// What went wrong, in a line that says what to do.
package struct DaybookError: Error, Sendable, CustomStringConvertible {
  /// Behind one reference, for results travel by the million and few of them are errors.
  private final class Parts: Sendable {
    let code: ErrorCode
    let message: String
    let retryAfter: Duration?
    let nextNumber: UInt64
    let cause: (any Error)?

    init(
      _ code: ErrorCode, _ message: String, _ retryAfter: Duration?, _ nextNumber: UInt64,
      _ cause: (any Error)?
    ) {
      self.code = code
      self.message = message
      self.retryAfter = retryAfter
      self.nextNumber = nextNumber
      self.cause = cause
    }
  }

  private let parts: Parts

  package var code: ErrorCode { parts.code }
  package var message: String { parts.message }
  /// Of a temporary one: it is of no use to come again earlier. Nil where nobody knows.
  package var retryAfter: Duration? { parts.retryAfter }
  /// Of a command whose number is its stream's own: which is taken next there. 0 where the stream's owner
  /// has not said.
  package var nextNumber: UInt64 { parts.nextNumber }
  /// What led to it, if that was an error of its own.
  package var cause: (any Error)? { parts.cause }

  package init(
    _ code: ErrorCode, _ message: String, retryAfter: Duration? = nil, nextNumber: UInt64 = 0,
    cause: (any Error)? = nil
  ) {
    assert(retryAfter == nil || code.isTemporary, "what is final is not tried again")
    parts = Parts(code, message, retryAfter, nextNumber, cause)
  }

  /// With a time to come again, where it is a temporary one and has none.
  package func retried(after wait: Duration) -> DaybookError {
    guard code.isTemporary, retryAfter == nil else { return self }
    return DaybookError(code, message, retryAfter: wait, cause: cause)
  }

  package var description: String {
    let because = cause.map { " (\($0))" } ?? ""
    return "\(code.name): \(message)\(because)"
  }
}
