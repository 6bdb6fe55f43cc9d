import DaybookModel
import Ports

/// A command's number, and whose it is.
struct IssuedNumber {
  var origin: IssuedOrigin
  var number: UInt64
}

/// Whose commands were turned away for now, and from which number on: until that one has come
/// again, later ones that were on their way meanwhile would overtake it.
struct HeldBack {
  /// After this long without failure, whoever has not come again isn't waited for.
  static let milliseconds: UInt64 = 30_000
  static let originsMax = 100_000

  private var lowest: [IssuedOrigin: UInt64] = [:]
  private var until = Timestamp.none

  var isEmpty: Bool { lowest.isEmpty }

  mutating func turnedAway(_ command: borrowing Command, now: Timestamp) {
    guard let id = command.id else { return }
    turnedAway(
      IssuedNumber(origin: IssuedOrigin(id.origin, by: command.actor), number: id.number),
      now: now)
  }

  mutating func turnedAway(_ issued: IssuedNumber, now: Timestamp) {
    until = Timestamp(milliseconds: now.milliseconds + HeldBack.milliseconds)
    if let known = lowest[issued.origin] {
      lowest[issued.origin] = min(known, issued.number)
    } else if lowest.count < HeldBack.originsMax {
      lowest[issued.origin] = issued.number
    }
  }

  /// Whether nothing that was turned away has to come before this command.
  mutating func mayPass(_ command: borrowing Command, now: Timestamp) -> Bool {
    if now > until { lowest = [:] }
    guard !lowest.isEmpty, let id = command.id else { return true }
    let key = IssuedOrigin(id.origin, by: command.actor)
    guard let first = lowest[key] else { return true }
    if id.number == first { lowest[key] = nil }
    return id.number <= first
  }
}
