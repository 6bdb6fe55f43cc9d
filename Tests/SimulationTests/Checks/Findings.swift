/// What a run found to be wrong. Only so many are kept: one fault tends to show everywhere.
final class Findings {
  static let linesMax = 12

  private(set) var lines: [String] = []
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  func expect(_ holds: Bool, _ line: @autoclosure () -> String) {
    if !holds { add(line()) }
  }

  func add(_ line: String) {
    count += 1
    if lines.count < Findings.linesMax { lines.append(line) }
  }
}
