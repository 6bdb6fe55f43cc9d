/// When a partition's state is written down: after so many events, if the last time is long enough
/// ago. What a start has to replay stays small, and a busy partition is not forever writing.
package struct SnapshotPolicy: Sendable {
  package var events: Int
  package var milliseconds: UInt64

  package init(events: Int, milliseconds: UInt64) {
    self.events = events
    self.milliseconds = milliseconds
  }

  package static let standard = SnapshotPolicy(events: 200_000, milliseconds: 30_000)
}
