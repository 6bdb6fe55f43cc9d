import DaybookModel
import Ports

/// Which numbered commands each life of the server handed to its owners, in which order.
///
/// What is refused for good is not remembered: should the answer be lost, it is decided anew, maybe
/// behind later numbers of its origin. So whether a number was overtaken can't be seen by the log
/// alone.
struct Submissions {
  struct Place: Hashable {
    let life: Int
    let partition: Int
    let issued: IssuedNumber
  }

  /// How much of the log was there when each life began.
  private var beginnings: [[Int]] = []
  /// Where each stands among all, but for those that were turned away.
  private var firsts: [Place: Int] = [:]
  private var count = 0

  mutating func begin(_ heads: [Int]) { beginnings.append(heads) }

  mutating func submitted(_ command: Command, to partition: Int) {
    guard let issued = command.issued else { return }
    count += 1
    let place = Place(life: beginnings.count - 1, partition: partition, issued: issued)
    if firsts[place] == nil { firsts[place] = count }
  }

  /// As if it had never been submitted.
  mutating func turnedAway(_ command: Command, from partition: Int) {
    guard let issued = command.issued else { return }
    firsts[Place(life: beginnings.count - 1, partition: partition, issued: issued)] = nil
  }

  /// Whether the life that has logged `later`, as the event `index` of the partition, had decided
  /// `earlier` before it.
  func decided(
    _ earlier: IssuedNumber, before later: IssuedNumber, loggedAt index: Int, in partition: Int
  ) -> Bool {
    guard let life = beginnings.lastIndex(where: { $0[partition] <= index }) else { return false }
    func place(_ issued: IssuedNumber) -> Int? {
      firsts[Place(life: life, partition: partition, issued: issued)]
    }
    guard let first = place(earlier), let second = place(later) else { return false }
    return first < second
  }
}
