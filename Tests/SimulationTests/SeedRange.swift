import Foundation

/// Which seeds are run: those that `DAYBOOK_SIMULATION_SEEDS=first..last` names, or a few.
enum SeedRange {
  static let variable = "DAYBOOK_SIMULATION_SEEDS"
  static let standard: ClosedRange<UInt64> = 1...100
  /// From so many seeds on, every kind of thing must have happened in some run.
  static let exhaustiveCount = 200
  /// Runs that end with a finding which is not understood yet: a device that came again was not told
  /// of two events of its mailbox.
  static let known: Set<UInt64> = []

  private static var chosen: String? { ProcessInfo.processInfo.environment[variable] }
  static var isChosen: Bool { chosen != nil }

  static var current: ClosedRange<UInt64> {
    guard let text = chosen else { return standard }
    guard let range = parse(text) else {
      preconditionFailure("\(variable) is '\(text)': write it as first..last, or one seed")
    }
    return range
  }

  static func parse(_ text: String) -> ClosedRange<UInt64>? {
    let parts = text.components(separatedBy: "..")
    guard let first = UInt64(parts[0]) else { return nil }
    if parts.count == 1 { return first...first }
    guard parts.count == 2, let last = UInt64(parts[1]), last >= first else { return nil }
    return first...last
  }
}
