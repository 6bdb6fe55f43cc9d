package import DaybookModel
package import Ports

/// A command as somebody has asked for it: checked as far as that goes without any state.
package struct CommandRequest: Sendable {
  package enum Step: Sendable {
    /// It can go to its stream's owner.
    case submit(StreamKey, Command.Body)
    /// The message that it is about has to be found first.
    case find(MessageCommand)
    /// The group's owner has to be asked first.
    case readGroup(GroupRead)
  }

  package let issuer: Issuer
  package let step: Step

  /// It changes one mailbox, and is about no message that is to be looked for.
  package var isForOneUser: Bool {
    if case .submit(let stream, _) = step { stream.kind == .user } else { false }
  }

  init(_ issuer: Issuer, _ stream: StreamKey, _ body: Command.Body) {
    self.issuer = issuer
    step = .submit(stream, body)
  }

  init(_ issuer: Issuer, find command: MessageCommand) {
    self.issuer = issuer
    step = .find(command)
  }

  init(_ issuer: Issuer, _ read: GroupRead) {
    self.issuer = issuer
    step = .readGroup(read)
  }
}

extension Issuer {
  /// `observed` is the highest message id that whoever asks has seen.
  package func command(
    _ stream: StreamKey, _ body: Command.Body, observed: MessageID = .none
  ) -> Command {
    Command(
      stream: stream, actor: actor, id: id, observed: observed, traceID: traceID, body: body)
  }

  /// Whether the answer may name the seq that the command took: not another's mailbox's, for that
  /// would tell how much mail comes there, and whether a block kept this from there.
  package func seesSeq(of stream: StreamKey) -> Bool {
    stream.kind == .group || stream.isMailbox(of: user)
  }
}
