import Foundation
import Glibc

/// How far something is, on standard error: one line that is written over on a terminal, else a
/// line now and then; and one at the end.
final class ProgressLine {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var last = ContinuousClock.now
  private var isOpen = false

  private var interval: Duration { isTerminal ? .milliseconds(200) : .seconds(5) }

  /// `secondsLeft` is nil while nobody can say.
  func show(
    done: UInt64, of total: UInt64, _ unit: String, perSecond: Double, secondsLeft: Double?
  ) {
    let now = ContinuousClock.now
    if now - last < interval, done < total { return }
    last = now
    let percent = total > 0 ? 100 * Double(min(done, total)) / Double(total) : 100
    let eta = secondsLeft.map { ", \(ProgressLine.duration($0)) left" } ?? ""
    let text = "\(Int(percent)) %: \(done) of \(total) \(unit), \(Int(perSecond))/s\(eta)"
    isOpen = isTerminal
    printToStandardError(isTerminal ? "\r\u{1b}[K\(text)" : text, end: isTerminal ? "" : "\n")
  }

  func end() {
    if isOpen { printToStandardError("") }
    isOpen = false
  }

  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e9).rounded(.up))
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}

/// Progress whose rate is counted from when it began.
final class RateProgress {
  private let line = ProgressLine()
  private let start = ContinuousClock.now
  private let unit: String

  init(unit: String) { self.unit = unit }

  func show(done: UInt64, of total: UInt64) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let rate = seconds > 0 ? Double(done) / seconds : 0
    let left = rate > 0 ? Double(max(total, done) - done) / rate : nil
    line.show(done: done, of: total, unit, perSecond: rate, secondsLeft: left)
  }

  func end() { line.end() }
}
