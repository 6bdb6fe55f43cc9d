package import DaybookModel
package import GRPCCore

/// What goes wrong, over gRPC: the status of its kind, the message, and in the trailing metadata the number and
/// name that `schemas/errors.yaml` has, so that nobody has to read the message.
extension DaybookError {
  private static let numberKey = "daybook-error"
  private static let nameKey = "daybook-error-name"
  private static let retryKey = "daybook-retry-after-ms"

  package var asRPCError: RPCError {
    var metadata: Metadata = [
      DaybookError.numberKey: "\(code.number)", DaybookError.nameKey: "\(code.name)",
    ]
    if let retryAfter {
      metadata.addString("\(retryAfter.wholeMilliseconds)", forKey: DaybookError.retryKey)
    }
    return RPCError(code: status, message: message, metadata: metadata, cause: cause)
  }

  /// As the other side has said it; what gRPC says by itself, of a server that is not there, is
  /// `unreachable`.
  package init(_ error: RPCError) {
    guard
      let text = error.metadata[stringValues: DaybookError.numberKey].first(where: { _ in true }),
      let number = UInt32(text)
    else {
      self.init(
        DaybookError.code(of: error.code), "the log's service has answered: \(error.message)",
        cause: error)
      return
    }
    let known = ErrorCode.all.first { $0.number == number }
    let name = error.metadata[stringValues: DaybookError.nameKey].first { _ in true }
    let code =
      known
      ?? ErrorCode(number, name ?? "error_\(number)", temporary: error.code == .unavailable)
    let retry = error.metadata[stringValues: DaybookError.retryKey].first { _ in true }
    self.init(
      code, error.message,
      retryAfter: code.isTemporary ? retry.flatMap(Int64.init).map { .milliseconds($0) } : nil)
  }

  private var status: RPCError.Code {
    switch code {
    case .invalidToken, .expiredToken, .foreignToken, .earlyToken: .unauthenticated
    case .notPermitted, .permissionDenied: .permissionDenied
    case .truncated, .offsetOutOfRange: .outOfRange
    case .logCorrupt, .partitionReadOnly: .dataLoss
    case .logRolledBack, .positionOfAnother: .failedPrecondition
    case .positionNotFound: .notFound
    case .deadlineExceeded: .deadlineExceeded
    case .cancelled: .cancelled
    case .tooManyPositions: .resourceExhausted
    case _ where code.isTemporary: .unavailable
    default: .invalidArgument
    }
  }

  private static func code(of status: RPCError.Code) -> ErrorCode {
    switch status {
    // A server that stops cancels its calls.
    case .unavailable, .cancelled: .unreachable
    case .deadlineExceeded: .deadlineExceeded
    case .unauthenticated: .invalidToken
    case .permissionDenied: .notPermitted
    default: .invalidRequest
    }
  }
}

extension Duration {
  fileprivate var wholeMilliseconds: Int64 {
    components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
  }
}
