package import DaybookModel

/// What went wrong: one of the codes of `schemas/errors.yaml`, and a line that says what to do.
/// A value rather than an enum, so that a newer server's codes can be told too.
public struct ClientError: Error, Sendable, Hashable, CustomStringConvertible {
  public let code: UInt32
  public let name: String
  /// The same request may succeed later, unchanged.
  public let isTemporary: Bool
  public let message: String

  public init(code: UInt32, name: String, isTemporary: Bool, message: String) {
    self.code = code
    self.name = name
    self.isTemporary = isTemporary
    self.message = message
  }

  package init(_ error: DaybookError) {
    self.init(
      code: error.code.number, name: error.code.name, isTemporary: error.code.isTemporary,
      message: error.message)
  }

  package init(_ code: ErrorCode, _ message: String) {
    self.init(DaybookError(code, message))
  }

  public var description: String { "\(name): \(message)" }
}

extension ClientError {
  package var asDaybookError: DaybookError {
    DaybookError(ErrorCode(code, name, temporary: isTemporary), message)
  }
}
