import Glibc
import NIOConcurrencyHelpers

/// The line on standard error that people watch while an import runs.
package final class ImportDisplay: Sendable {
  private struct State {
    var total = 0
    var unit = ""
    var start = ContinuousClock.now
    /// What it waits for; nil while it goes on.
    var waiting: String?
  }

  private let state = NIOLockedValueBox(State())
  private let isTerminal = isatty(STDERR_FILENO) == 1

  package init() {}

  func begin(total: Int, unit: String) {
    state.withLockedValue { $0 = State(total: total, unit: unit, waiting: $0.waiting) }
  }

  /// Nothing moves until that is over; nil: it is.
  package func wait(for reason: String?) {
    let isNews = state.withLockedValue { state in
      defer { state.waiting = reason }
      return reason != nil && state.waiting == nil
    }
    if isNews, let reason { say(isTerminal ? reason : "\(reason)\n") }
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
    let state = state.withLockedValue { $0 }
    let share = state.total > 0 ? done * 100 / state.total : 100
    let how = "\(done) of \(state.total) \(state.unit) (\(share) %)"
    if let waiting = state.waiting { return "\(how), \(waiting)" }
    let seconds = (ContinuousClock.now - state.start) / .seconds(1)
    let rate = seconds > 0 ? Double(done) / seconds : 0
    let left =
      rate > 0 ? "\(Int((Double(state.total - done) / rate).rounded(.up))) s left" : "…"
    return "\(how), \(Int(rate)) \(state.unit)/s, \(left)"
  }

  /// A terminal's line is written over.
  package func say(_ text: String) {
    let bytes = Array(((isTerminal ? "\r\u{1b}[K" : "") + text).utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }
}
