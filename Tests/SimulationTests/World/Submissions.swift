import DaybookModel
import Ports

/// Which numbered commands each life of the server handed to its owners, in which order and when.
///
/// Whether a number was overtaken can't be seen by the log alone. What is refused for good is not
/// remembered: should the answer be lost, it is decided anew, maybe behind later numbers of its
/// origin. And what was turned away is waited for only so long.
struct Submissions {
  private struct Place: Hashable {
    let life: Int
    let partition: Int
    let issued: IssuedNumber
  }

  private struct Submission {
    let place: Place
    let time: Timestamp
    var isTurnedAway = false
  }

  /// How much of the log was there when each life began.
  private var beginnings: [[Int]] = []
  private var all: [Submission] = []

  mutating func begin(_ heads: [Int]) { beginnings.append(heads) }

  /// Returns what `turnedAway` takes; nil for what has no number.
  mutating func submitted(_ command: Command, to partition: Int, at time: Timestamp) -> Int? {
    guard let issued = command.issued else { return nil }
    let place = Place(life: beginnings.count - 1, partition: partition, issued: issued)
    all.append(Submission(place: place, time: time))
    return all.count - 1
  }

  /// As if it had never been submitted.
  mutating func turnedAway(_ submission: Int) { all[submission].isTurnedAway = true }

  /// The first of a command that was decided.
  private func decided(_ issued: IssuedNumber, _ life: Int, _ partition: Int) -> Int? {
    let place = Place(life: life, partition: partition, issued: issued)
    return all.firstIndex { $0.place == place && !$0.isTurnedAway }
  }

  /// Whether the life that has logged `later`, at this offset of the partition, could do so
  /// though `earlier`, which was issued at this time, was logged after it.
  func mayPass(
    _ later: IssuedNumber, loggedAt offset: Int, in partition: Int, before earlier: IssuedNumber,
    issuedAt issued: Timestamp
  ) -> Bool {
    guard let life = beginnings.lastIndex(where: { $0[partition] <= offset }),
      let second = decided(later, life, partition)
    else { return false }
    if all[second].time.milliseconds > issued.milliseconds + HeldBack.milliseconds { return true }
    return decided(earlier, life, partition).map { $0 < second } ?? false
  }
}
