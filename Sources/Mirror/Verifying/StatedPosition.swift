package import DaybookModel

/// What a mirror has written down of a partition, as far as it can be checked.
package struct StatedPosition: Sendable, Equatable {
  /// Where in the log the mirror began.
  package var start: Offset
  /// The topic has everything before it.
  package var next: Offset
  /// Over all events of the log from `start` to before `next`.
  package var digest: ChainedDigest

  package init(start: Offset, next: Offset, digest: ChainedDigest) {
    self.start = start
    self.next = next
    self.digest = digest
  }
}

/// Whether what a mirror has written down of the events that it had read is what the log has.
package enum DigestVerdict: String, Sendable, CaseIterable {
  case equal
  case differs
  /// There is nothing to compare, or not all that went into it was read.
  case notChecked = "not_checked"
}
