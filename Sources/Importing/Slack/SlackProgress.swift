package import DaybookModel
import NIOConcurrencyHelpers
import WireProtocol

/// What an import of a Slack export has done so far.
package final class SlackProgress: Sendable {
  private static let rejectionsShownMax = 5

  private struct State {
    var counts: SlackCounts
    /// Entries that were done, all conversations together, and of each.
    var done = 0
    var reached: [String: Int] = [:]
  }

  private let state: NIOLockedValueBox<State>
  private let display: ImportDisplay

  /// `connected`: when the import began, by the server's clock.
  package init(entries: Int, connected: Timestamp, display: ImportDisplay) {
    self.display = display
    display.begin(total: entries, unit: "entries")
    state = NIOLockedValueBox(State(counts: SlackCounts(start: connected)))
  }

  package var counts: SlackCounts { state.withLockedValue { $0.counts } }

  package func skip(_ skipped: [String: Int]) { state.withLockedValue { $0.counts.skip(skipped) } }

  /// Tells the first of them by name.
  package func find(_ findings: SlackFindings) {
    state.withLockedValue { $0.counts.find(findings) }
    for fault in findings.shown {
      display.say("\(Terminal.safe("\(fault.place): \(fault.kind): \(fault.reason)"))\n")
    }
  }

  func accepted(_ planned: SlackCommand, _ reply: CommandReply) {
    let answer = ImportAnswer(
      changed: reply.changed, isRepeated: reply.repeated, recordedAt: reply.recordedAt)
    count { $0.accepted(planned.role, answer) }
  }

  func importedOtherwise(_ planned: SlackCommand) {
    count { $0.importedOtherwise(planned.role) }
  }

  func refused(_ planned: SlackCommand, _ error: DaybookError) {
    var isShown = false
    count { counts in
      let before = counts.rejected
      counts.refused(error.code)
      isShown = counts.rejected > before && before < SlackProgress.rejectionsShownMax
    }
    if isShown {
      let message = Terminal.safe("\(planned.place): \(error.code.name): \(error.message)")
      display.say("\(message)\n")
    }
  }

  private func count(_ count: (inout SlackCounts) -> Void) {
    state.withLockedValue { count(&$0.counts) }
  }

  /// Of a conversation so many entries are done, those included that no command was made of.
  package func reached(_ entries: Int, of conversation: SlackConversation) {
    state.withLockedValue { SlackProgress.reach(entries, of: conversation.id, &$0) }
  }

  private static func reach(_ entries: Int, of conversation: String, _ state: inout State) {
    let before = state.reached[conversation] ?? 0
    guard entries > before else { return }
    state.reached[conversation] = entries
    state.done += entries - before
  }

  /// Says how far it has come, over and over, until cancelled.
  package func show() async { await display.show { self.state.withLockedValue { $0.done } } }

  package func end() { display.end(done: state.withLockedValue { $0.done }) }
}
