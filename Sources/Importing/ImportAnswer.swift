package import DaybookModel

/// What counts of the server's answer to a command.
package struct ImportAnswer: Sendable {
  package var changed: Bool
  package var isRepeated: Bool
  package var recordedAt: Timestamp

  package init(changed: Bool, isRepeated: Bool, recordedAt: Timestamp) {
    self.changed = changed
    self.isRepeated = isRepeated
    self.recordedAt = recordedAt
  }
}
