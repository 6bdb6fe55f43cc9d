package import DaybookSDK
package import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
package import WireProtocol

/// One conversation's commands, pulled by the client as fast as the answers allow; some at a time.
package final class SlackCommandSource: CommandSource {
  private let conversation: SlackConversation
  private let progress: SlackProgress
  private let state = NIOLockedValueBox(SlackRun())

  package init(_ conversation: SlackConversation, progress: SlackProgress) {
    self.conversation = conversation
    self.progress = progress
  }

  /// The next ones, once those before are answered.
  package func take(_ commands: [SlackCommand], from first: Int) {
    state.withLockedValue { $0.take(commands, from: first) }
  }

  /// The group is somebody else's: nothing more is to be given.
  package var isAbandoned: Bool { state.withLockedValue { $0.isAbandoned } }

  package var isExhausted: Bool { state.withLockedValue { $0.isExhausted } }

  package func next() -> (command: IssuedCommand, tag: UInt64)? {
    while true {
      let (step, planned) = state.withLockedValue { run in
        let step = run.next()
        return (step, step.index.map { run.command($0) })
      }
      guard let index = step.index, let planned else { return nil }
      switch step {
      case .issue(_, let target): return (command(planned, target), UInt64(index))
      case .issueAlone(_, let target):
        var alone = planned
        if let spare = planned.spare { (alone.origin, alone.number) = (spare.origin, spare.number) }
        return (command(alone, target), UInt64(index))
      case .inquire: return (command(planned, SlackCommandSource.noMessage), UInt64(index))
      case .drop(_, let code):
        let error = DaybookError(code, "the message that this is about was not taken")
        progress.refused(planned, error)
      case .pass: break
      case .wait, .end: return nil
      }
    }
  }

  /// An answer to what isn't there is refused, but for a number that was used before: of that the
  /// server tells what it came to, and compares nothing.
  private static let noMessage = MessageID(1)

  private func command(_ planned: SlackCommand, _ target: MessageID) -> IssuedCommand {
    IssuedCommand(
      origin: planned.origin, number: planned.number, actingFor: planned.user,
      body: body(planned, target), hasSparseNumber: true)
  }

  private func body(_ planned: SlackCommand, _ target: MessageID) -> IssuedCommand.Body {
    let conversation = planned.conversation
    return switch planned.action {
    case .createGroup(let title, let policy):
      .createGroup(
        group, GroupSettings(title: title, joinPolicy: policy, isHistoryShown: true))
    case .describe(let description): .changeGroup(group, GroupChange(description: description))
    case .rename(let title), .renameIfOther(let title):
      .changeGroup(group, GroupChange(title: title))
    case .invite(let user): .invite(group, user)
    case .join: .join(group)
    case .leave: .leave(group)
    case .send(let sending): send(sending, to: conversation, replyTo: target)
    case .edit(_, let text):
      .edit(conversation: conversation, target, content: ContentCoding.text(text))
    case .recall: .recall(conversation: conversation, target)
    case .react(_, let reaction):
      .react(conversation: conversation, target, reaction: reaction, isRemoved: false)
    }
  }

  private func send(
    _ sending: SlackCommand.Sending, to: StreamKey, replyTo: MessageID
  ) -> IssuedCommand.Body {
    let message = Message(
      content: ContentCoding.text(sending.text.text), clientTime: sending.time,
      senderName: sending.senderName)
    let extras = SendExtras(
      replyTo: replyTo, mentions: sending.text.mentions,
      mentionsEveryone: sending.text.mentionsEveryone)
    return .send(to: to, message, extras == SendExtras() ? nil : extras)
  }

  private var group: GroupID {
    guard case .group(let group, _) = conversation.kind else {
      preconditionFailure("a direct conversation has messages only")
    }
    return group
  }

  package func answered(_ tag: UInt64, _ outcome: Result<CommandReply, DaybookError>) {
    let index = Int(tag)
    let (verdict, planned) = state.withLockedValue { run in
      (run.answered(index, outcome.map(\.messageID)), run.command(index))
    }
    progress.reached(planned.entries, of: conversation)
    switch (verdict, outcome) {
    case (.nothing, _): break
    case (.importedOtherwise, _): progress.importedOtherwise(planned)
    case (.counts, .success(let reply)): progress.accepted(planned, reply)
    case (.counts, .failure(let error)): progress.refused(planned, error)
    }
  }
}

extension SlackRun.Step {
  /// Of the command that it is about.
  fileprivate var index: Int? {
    switch self {
    case .issue(let index, _), .issueAlone(let index, _), .inquire(let index),
      .drop(let index, _), .pass(let index):
      index
    case .wait, .end: nil
    }
  }
}
