/// Whose commands were turned away for now, and which: until they have come again, lowest first,
/// later ones that were on their way meanwhile would overtake them, and are turned away too. Times are
/// `WallClock.uptime`: who sets the clock must not let anything overtake.
///
/// Not of numbers that are a stream's own: nothing overtakes those, for its owner takes none before its
/// turn.
package struct HeldBack: Sendable {
  /// After this long without failure, whoever has not come again isn't waited for.
  package static let milliseconds: UInt64 = 30_000
  /// Past so many, order is no longer kept.
  package static let numbersMax = 100_000

  /// Ascending, and not empty.
  private var numbers: [IssuedOrigin: [UInt64]] = [:]
  private var count = 0
  private var until = Timestamp.none

  private let numbersMax: Int

  package init(numbersMax: Int = HeldBack.numbersMax) { self.numbersMax = numbersMax }

  package var isEmpty: Bool { count == 0 }

  package mutating func turnedAway(_ issued: IssuedNumber, uptime: Timestamp) {
    guard issued.origin.gaplessStream == nil else { return }
    until = Timestamp(milliseconds: uptime.milliseconds + HeldBack.milliseconds)
    insert(issued)
  }

  /// Whether nothing that was turned away has to come before this command. If not, it is turned away
  /// like those before it, for its client may not know of them yet, and send more behind it.
  package mutating func mayPass(_ issued: IssuedNumber, uptime: Timestamp) -> Bool {
    if uptime > until { (numbers, count) = ([:], 0) }
    guard let first = numbers[issued.origin]?.first, issued.number >= first else { return true }
    guard issued.number == first else {
      insert(issued)
      return false
    }
    count -= 1
    numbers[issued.origin]?.removeFirst()
    if numbers[issued.origin]?.isEmpty ?? false { numbers[issued.origin] = nil }
    return true
  }

  /// It was answered though nothing could be logged: it isn't waited for.
  package mutating func answered(_ issued: IssuedNumber) {
    guard let at = numbers[issued.origin]?.firstIndex(of: issued.number) else { return }
    count -= 1
    numbers[issued.origin]?.remove(at: at)
    if numbers[issued.origin]?.isEmpty ?? false { numbers[issued.origin] = nil }
  }

  private mutating func insert(_ issued: IssuedNumber) {
    guard count < numbersMax else { return }
    var all = numbers.removeValue(forKey: issued.origin) ?? []
    // Nearly always at the end, for commands come in order.
    var at = all.count
    while at > 0, all[at - 1] > issued.number { at -= 1 }
    if at == 0 || all[at - 1] != issued.number {
      all.insert(issued.number, at: at)
      count += 1
    }
    numbers[issued.origin] = all
  }

  /// What is said to who comes out of turn.
  package static let outOfTurn = DaybookError(
    .overloaded, "a command before this one was turned away: repeat that one first")
}
