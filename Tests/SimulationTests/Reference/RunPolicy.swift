import DaybookModel

/// What an operator can set, as a run has it.
struct RunPolicy {
  var recallLimitMilliseconds: UInt64?
  var hidesBlocks: Bool
  var receiptsMembersMax = 1_000
  /// More members than this, and joins and leaves are told to nobody else; below that, they are again.
  var announcedMembersMax = 1_000
  var announcedAgainBelow = 900
  var syncBackMax: UInt64 = 1_000
  var deviceSilenceMilliseconds: UInt64 = 90 * 86_400_000

  func mayRecall(_ sentAt: Timestamp, at now: Timestamp) -> Bool {
    guard let limit = recallLimitMilliseconds else { return true }
    return now.milliseconds <= sentAt.milliseconds + limit
  }
}
