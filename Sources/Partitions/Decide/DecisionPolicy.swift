import DaybookModel

/// What an operator sets of how commands are decided. Events that were logged stay what they are.
package struct DecisionPolicy: Sendable, Equatable {
  /// For how long authors may recall what they sent; nil: for ever; 0: not at all.
  package var recallLimitMilliseconds: UInt64?
  /// Who was blocked isn't told: what they send seems to be taken, and reaches nobody.
  package var hidesBlocks: Bool
  /// Members of a group up to which its messages have receipts.
  package var receiptsMembersMax: Int
  /// Members up to which joins and leaves are told to all, and below how many they are again.
  package var announcedMembersMax: Int
  package var announcedAgainBelow: Int
  /// How far back in a stream a device begins at most.
  package var syncBackMax: UInt64
  /// For how long a device may be silent before it is forgotten, as `PartitionState.elapsed` counts.
  package var deviceSilenceMilliseconds: UInt64

  package init(
    recallLimitMilliseconds: UInt64? = 86_400_000, hidesBlocks: Bool = false,
    receiptsMembersMax: Int = 1_000,
    announcedMembersMax: Int = Limits.groupAnnouncedMembersMax,
    announcedAgainBelow: Int = Limits.groupAnnouncedAgainBelow,
    syncBackMax: UInt64 = Limits.syncBackMax,
    deviceSilenceMilliseconds: UInt64 = Limits.deviceSilenceMilliseconds
  ) {
    assert(announcedAgainBelow <= announcedMembersMax + 1, "a group crosses one bound at a time")
    self.recallLimitMilliseconds = recallLimitMilliseconds
    self.hidesBlocks = hidesBlocks
    self.receiptsMembersMax = receiptsMembersMax
    self.announcedMembersMax = announcedMembersMax
    self.announcedAgainBelow = announcedAgainBelow
    self.syncBackMax = syncBackMax
    self.deviceSilenceMilliseconds = deviceSilenceMilliseconds
  }

  package static let standard = DecisionPolicy()
}
