package import DaybookModel
import NIOConcurrencyHelpers
import WireProtocol

/// What an import has done so far, for the counts at its end and the line that people watch.
package final class IRCProgress: Sendable {
  private static let rejectionsShownMax = 5

  private struct State {
    var counts: IRCCounts
    var linesOfFinished = 0
    var lineOfCurrent = 0
  }

  private let state: NIOLockedValueBox<State>
  private let display: ImportDisplay

  /// `connected`: when the import began, by the server's clock.
  package init(lines: Int, connected: Timestamp, display: ImportDisplay) {
    self.display = display
    display.begin(total: lines, unit: "lines")
    state = NIOLockedValueBox(State(counts: IRCCounts(start: connected)))
  }

  package var counts: IRCCounts { state.withLockedValue { $0.counts } }

  package func begin(_ log: IRCLog) {
    state.withLockedValue { state in
      state.counts.begin(log.origin)
      state.counts.skip(log.plan.skipped, recoded: log.plan.recoded)
    }
  }

  func accepted(_ planned: PlannedCommand, _ reply: CommandReply) {
    let answer = ImportAnswer(
      changed: reply.changed, isRepeated: reply.repeated, recordedAt: reply.recordedAt)
    state.withLockedValue { state in
      state.counts.accepted(planned.role, answer)
      state.lineOfCurrent = planned.line
    }
  }

  func refused(_ error: DaybookError, in log: IRCLog, line: Int) {
    let isShown = state.withLockedValue { state in
      let before = state.counts.rejected
      state.counts.refused(error.code)
      state.lineOfCurrent = line
      return state.counts.rejected > before && before < IRCProgress.rejectionsShownMax
    }
    if isShown {
      display.say("\(log.name):\(line): \(error.code.name): \(Terminal.safe(error.message))\n")
    }
  }

  package func finish(_ log: IRCLog) {
    state.withLockedValue { state in
      state.linesOfFinished += log.plan.lineCount
      state.lineOfCurrent = 0
    }
  }

  /// Says how far it has come, over and over, until cancelled.
  package func show() async { await display.show { self.done } }

  package func end() { display.end(done: done) }

  private var done: Int { state.withLockedValue { $0.linesOfFinished + $0.lineOfCurrent } }
}
