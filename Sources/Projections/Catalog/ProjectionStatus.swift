package import DaybookModel

/// Where a projection stands, as its file says.
package struct ProjectionStatus: Sendable, Equatable {
  package let name: ProjectionName
  /// For each partition the first offset that is not folded yet, and their sum.
  package let checkpoints: [Offset]
  /// Events folded since the file was made.
  package let events: UInt64
  /// 16 hex digits.
  package let stateHash: String

  package var checkpoint: Int64 { checkpoints.reduce(0) { $0 + $1.rawValue } }

  init(_ name: ProjectionName, _ header: ProjectionHeader) {
    self.name = name
    checkpoints = header.checkpoints
    events = header.events
    stateHash = Hex.digits(header.stateHash)
  }
}
