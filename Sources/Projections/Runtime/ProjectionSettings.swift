/// When the projections commit.
package struct ProjectionSettings: Sendable {
  /// Events folded before a commit is due.
  package var eventsPerCommitMax = 200_000
  /// How long what comes is gathered before it is folded and committed. Who waits for it does not wait
  /// for that.
  package var commitInterval = Duration.milliseconds(50)
  /// The same for who waits for what is not there yet.
  package var hurriedInterval = Duration.milliseconds(2)
  /// Events that are left to fold, from which on it is much of the log.
  package var eventsBehindMax: UInt64 = 50_000
  /// Time from a commit to the next while much of the log is folded: rows that change often are written less
  /// often.
  package var bulkCommitInterval = Duration.seconds(2)
  /// What is read from a partition at a time.
  package var chunkBytes = 4 << 20
  /// How long a commit that found no room waits before it is tried again.
  package var retryInterval = Duration.seconds(1)
  /// How often it is seen to that the files are still where questions look for them, when nothing
  /// else is to be done.
  package var lookInterval = Duration.seconds(1)

  package init() {}
}
