package import DaybookModel
package import Ports

/// For tests of commands that are done, not answered with a position: a trap where they are not.
extension CommandOutcome {
  private var done: CommandResult {
    switch self {
    case .done(let result): result
    case .position, .nextNumber: preconditionFailure("answered with something else")
    }
  }

  package var messageID: MessageID { done.messageID }
  package var seq: Seq { done.seq }
  package var recordedAt: Timestamp { done.recordedAt }
  package var repeated: Bool { done.repeated }
  package var changed: Bool { done.changed }
  package var pending: Bool { done.pending }
  package var isStored: Bool { done.isStored }
}
