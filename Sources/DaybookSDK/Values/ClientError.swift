package import DaybookModel

/// What went wrong: one of the codes of `schemas/errors.yaml`, and a line that says what to do.
///
///     do {
///       try await client.join(group: "team")
///     } catch {
///       if error.code == .notInvited { … }
///     }
public struct ClientError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of error: a value rather than an enum, so that a newer server's can be told too. Codes
  /// are the same if their numbers are.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// As it goes over the wire. It never changes its meaning.
    public let number: UInt32
    /// As programs and people read it: `group_not_found`.
    public let name: String
    /// The same request may succeed later, unchanged.
    public let isTemporary: Bool

    /// A code as a server stated it.
    public init(number: UInt32, name: String, isTemporary: Bool) {
      self.number = number
      self.name = name
      self.isTemporary = isTemporary
    }

    init(_ code: ErrorCode) {
      self.init(number: code.number, name: code.name, isTemporary: code.isTemporary)
    }

    /// By their numbers.
    public static func == (a: Code, b: Code) -> Bool { a.number == b.number }

    /// By its number.
    public func hash(into hasher: inout Hasher) { hasher.combine(number) }

    /// The name.
    public var description: String { name }
  }

  /// What kind of error.
  public let code: Code
  /// What happened, and what to do about it, for people.
  public let message: String

  /// An error of the application's own, or for tests.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package init(_ error: DaybookError) {
    self.init(Code(error.code), error.message)
  }

  /// The code's name.
  public var name: String { code.name }
  /// The same request may succeed later, unchanged.
  public var isTemporary: Bool { code.isTemporary }
  /// The name, and the message.
  public var description: String { "\(name): \(message)" }
}

extension ClientError {
  package var asDaybookError: DaybookError {
    DaybookError(ErrorCode(code.number, name, temporary: isTemporary), message)
  }
}
