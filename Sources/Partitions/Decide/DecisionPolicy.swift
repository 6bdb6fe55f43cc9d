/// What an operator sets of how commands are decided. Events that were logged stay what they are.
package struct DecisionPolicy: Sendable, Equatable {
  /// For how long authors may recall what they sent; nil: for ever; 0: not at all.
  package var recallLimitMilliseconds: UInt64?
  /// Who was blocked isn't told: what they send seems to be taken, and reaches nobody.
  package var hidesBlocks: Bool

  package init(recallLimitMilliseconds: UInt64? = 86_400_000, hidesBlocks: Bool = false) {
    self.recallLimitMilliseconds = recallLimitMilliseconds
    self.hidesBlocks = hidesBlocks
  }

  package static let standard = DecisionPolicy()
}
