import Foundation

/// Which seeds are run: those that `DAYBOOK_SIMULATION_SEEDS` names, as `1..200,402`, or a few.
enum SeedRange {
  static let variable = "DAYBOOK_SIMULATION_SEEDS"
  static let standard: [UInt64] = Array(1...40)
  /// From so many seeds on, every kind of thing must have happened in some run.
  static let exhaustiveCount = 1_000

  private static var chosen: String? { ProcessInfo.processInfo.environment[variable] }
  static var isChosen: Bool { chosen != nil }

  static var current: [UInt64] {
    guard let text = chosen else { return standard }
    return text.components(separatedBy: ",").flatMap { part in
      guard let range = parse(part) else {
        preconditionFailure("\(variable) is '\(text)': write it as first..last, or seeds")
      }
      return Array(range)
    }
  }

  private static func parse(_ text: String) -> ClosedRange<UInt64>? {
    let parts = text.components(separatedBy: "..")
    guard let first = UInt64(parts[0]) else { return nil }
    if parts.count == 1 { return first...first }
    guard parts.count == 2, let last = UInt64(parts[1]), last >= first else { return nil }
    return first...last
  }
}
