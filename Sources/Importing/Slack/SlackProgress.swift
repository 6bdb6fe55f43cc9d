package import DaybookModel
import NIOConcurrencyHelpers
import WireProtocol

/// What an import of a Slack export has done so far.
package final class SlackProgress: Sendable {
  private static let rejectionsShownMax = 5

  private struct State {
    var counts: SlackCounts
    var done = 0
  }

  private let state: NIOLockedValueBox<State>
  private let display: ImportDisplay

  /// `connected`: when the import began, by the server's clock.
  package init(commands: Int, connected: Timestamp) {
    display = ImportDisplay(total: commands, unit: "commands")
    state = NIOLockedValueBox(State(counts: SlackCounts(start: connected)))
  }

  package var counts: SlackCounts { state.withLockedValue { $0.counts } }

  package func skip(_ skipped: [String: Int]) { state.withLockedValue { $0.counts.skip(skipped) } }

  func accepted(_ planned: SlackCommand, _ reply: CommandReply) {
    let answer = ImportAnswer(
      changed: reply.changed, isRepeated: reply.repeated, recordedAt: reply.recordedAt)
    state.withLockedValue { state in
      state.counts.accepted(planned.role, answer)
      state.done += 1
    }
  }

  func refused(_ planned: SlackCommand, _ error: DaybookError) {
    let isShown = state.withLockedValue { state in
      let before = state.counts.rejected
      state.counts.refused(error.code)
      state.done += 1
      return state.counts.rejected > before && before < SlackProgress.rejectionsShownMax
    }
    if isShown {
      let message = Terminal.safe("\(planned.place): \(error.code.name): \(error.message)")
      display.say("\(message)\n")
    }
  }

  /// Says how far it has come, over and over, until cancelled.
  package func show() async { await display.show { self.state.withLockedValue { $0.done } } }

  package func end() { display.end(done: state.withLockedValue { $0.done }) }
}
