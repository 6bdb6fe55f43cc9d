import Glibc

/// The line on standard error that people watch while an import runs.
struct ImportDisplay: Sendable {
  let total: Int
  let unit: String

  private let start = ContinuousClock.now
  private let isTerminal = isatty(STDERR_FILENO) == 1

  init(total: Int, unit: String) {
    self.total = total
    self.unit = unit
  }

  /// Says how far it has come, over and over, until cancelled.
  func show(done: @Sendable () -> Int) async {
    while true {
      let pause: Duration = isTerminal ? .milliseconds(200) : .seconds(3)
      guard (try? await Task.sleep(for: pause)) != nil else { return }
      say(line(done()) + (isTerminal ? "" : "\n"))
    }
  }

  func end(done: Int) { say(line(done) + "\n") }

  private func line(_ done: Int) -> String {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let rate = seconds > 0 ? Double(done) / seconds : 0
    let left = rate > 0 ? "\(Int((Double(total - done) / rate).rounded(.up))) s left" : "…"
    let share = total > 0 ? done * 100 / total : 100
    return "\(done) of \(total) \(unit) (\(share) %), \(Int(rate)) \(unit)/s, \(left)"
  }

  /// A terminal's line is written over.
  func say(_ text: String) {
    let bytes = Array(((isTerminal ? "\r\u{1b}[K" : "") + text).utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }
}
