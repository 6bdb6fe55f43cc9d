package import DaybookSDK
package import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
package import WireProtocol

/// One conversation's commands, pulled by the client as fast as the answers allow.
package final class SlackCommandSource: CommandSource {
  private let plan: SlackPlan
  private let progress: SlackProgress
  private let state: NIOLockedValueBox<SlackRun>

  package init(_ plan: SlackPlan, progress: SlackProgress) {
    self.plan = plan
    self.progress = progress
    state = NIOLockedValueBox(SlackRun(plan))
  }

  package var isExhausted: Bool { state.withLockedValue { $0.isExhausted } }

  package func next() -> (command: IssuedCommand, tag: UInt64)? {
    while true {
      switch state.withLockedValue({ $0.next() }) {
      case .issue(let index, let target):
        let planned = plan.commands[index]
        let command = IssuedCommand(
          origin: planned.origin, number: planned.number, actingFor: planned.user,
          body: body(planned, target))
        return (command, UInt64(index))
      case .drop(let index, let code):
        let error = DaybookError(code, "the message that this is about was not taken")
        progress.refused(plan.commands[index], error)
      case .wait, .end: return nil
      }
    }
  }

  private func body(_ planned: SlackCommand, _ target: MessageID) -> IssuedCommand.Body {
    let conversation = planned.conversation
    return switch planned.action {
    case .createGroup(let title, let policy):
      .createGroup(
        group, GroupSettings(title: title, joinPolicy: policy, isHistoryShown: true))
    case .describe(let description): .changeGroup(group, GroupChange(description: description))
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
    guard case .group(let group, _) = plan.conversation.kind else {
      preconditionFailure("a direct conversation has messages only")
    }
    return group
  }

  package func answered(_ tag: UInt64, _ outcome: Result<CommandReply, DaybookError>) {
    let index = Int(tag)
    state.withLockedValue { $0.answered(index, outcome.map(\.messageID)) }
    switch outcome {
    case .success(let reply): progress.accepted(plan.commands[index], reply)
    case .failure(let error): progress.refused(plan.commands[index], error)
    }
  }
}
