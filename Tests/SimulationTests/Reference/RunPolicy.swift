import DaybookModel

/// What an operator can set, as a run has it.
struct RunPolicy {
  var recallLimitMilliseconds: UInt64?
  var hidesBlocks: Bool

  func mayRecall(_ sentAt: Timestamp, at now: Timestamp) -> Bool {
    guard let limit = recallLimitMilliseconds else { return true }
    return now.milliseconds <= sentAt.milliseconds + limit
  }
}
