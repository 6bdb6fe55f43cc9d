package import DaybookModel

/// Seqs of the streams of one partition: that the log's follow each other, and which of them the mirror
/// leaves out.
struct StreamSeqs {
  private struct Entry {
    /// In the log.
    var last: UInt64
    var missing: UInt64 = 0
    var gaps: UInt64 = 0
    var firstMissing: UInt64 = 0
    var lastIsMissing = false
  }

  private var entries: [StreamKey: Entry] = [:]
  /// The log was read from its first event on: then a stream begins with 1.
  private let isFromStart: Bool

  init(isFromStart: Bool) { self.isFromStart = isFromStart }

  /// Takes the next event of the log with a seq. The seq that should have been, if it is another.
  mutating func take(_ seq: Seq, of stream: StreamKey, isMirrored: Bool) -> Seq? {
    var entry = entries[stream] ?? Entry(last: isFromStart ? 0 : seq.rawValue - 1)
    defer { entries[stream] = entry }
    let expected = entry.last + 1
    entry.last = seq.rawValue
    if !isMirrored {
      entry.missing += 1
      if !entry.lastIsMissing { entry.gaps += 1 }
      if entry.firstMissing == 0 { entry.firstMissing = seq.rawValue }
    }
    entry.lastIsMissing = !isMirrored
    return seq.rawValue == expected ? nil : Seq(expected)
  }

  /// Of each stream that is not mirrored as a whole.
  var gaps: [StreamGaps] {
    entries.compactMap { stream, entry in
      guard entry.missing > 0 else { return nil }
      return StreamGaps(
        stream: stream, head: Seq(entry.last), missing: entry.missing, gaps: entry.gaps,
        firstMissing: Seq(entry.firstMissing))
    }
  }
}

/// What a mirror leaves out of a stream, in seqs.
package struct StreamGaps: Sendable, Equatable {
  package var stream: StreamKey
  /// The last seq of the stream that the log was read up to.
  package var head: Seq
  package var missing: UInt64
  /// Runs of seqs that are missing, one behind another.
  package var gaps: UInt64
  package var firstMissing: Seq

  package init(
    stream: StreamKey, head: Seq, missing: UInt64, gaps: UInt64, firstMissing: Seq
  ) {
    self.stream = stream
    self.head = head
    self.missing = missing
    self.gaps = gaps
    self.firstMissing = firstMissing
  }
}
