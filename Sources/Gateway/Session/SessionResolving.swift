import DaybookModel
import NIOCore
import Ports
import Requests
import WireProtocol

/// A command that needs a message to be found before it can be submitted: its owner decides on
/// what the log says of the message, not on what the client says.
struct UnresolvedCommand {
  enum Use {
    case recall
    case edit(ByteBuffer)
    case react(String, isRemoved: Bool)
    case forward(to: StreamKey)
    /// A send of either kind that answers the message.
    case reply(Command.Body)
  }

  var issuer: SessionMachine.IssuedBy
  var name: MessageName
  var use: Use
  /// What the actor may see there, once it was asked; nil: all of a conversation of the own.
  var visible: [SeqInterval]?

  /// Where it would have gone, as far as that is known without the message; nil for an amendment
  /// of a direct one, which never ceases to be found.
  var target: StreamKey? {
    switch use {
    case .forward(let to): to
    case .reply: name.conversation
    case .recall, .edit, .react: name.conversation.kind == .group ? name.conversation : nil
    }
  }

  /// Of a forward, what was cleared is not there either: what isn't shown is not to be passed on.
  mutating func limit(to position: StreamPosition) {
    if name.conversation.kind == .group { visible = position.visible }
    guard case .forward = use else { return }
    visible = VisibleRanges.after(position.cleared, visible: visible)
  }

  func sees(_ found: FoundMessage) -> Bool {
    guard let visible, found.shownSeq != .none else { return true }
    return visible.contains { $0.contains(found.shownSeq) }
  }
}

extension SessionMachine {
  /// Nothing else is taken meanwhile, so that commands stay in their order.
  mutating func resolve(
    _ issuer: IssuedBy, _ id: MessageID, in conversation: StreamKey, for use: UnresolvedCommand.Use,
    _ output: inout SessionOutput
  ) {
    let command = UnresolvedCommand(
      issuer: issuer, name: MessageName(id, in: conversation, of: issuer.user), use: use)
    unresolved = command
    let peer = conversation.userID
    if let peer {
      guard case .forward = use else { return look(for: command, &output) }
      inspectFirst(command, .user(issuer.user), peer: peer, &output)
    } else {
      inspectFirst(command, conversation, peer: nil, &output)
    }
  }

  private func inspectFirst(
    _ command: UnresolvedCommand, _ stream: StreamKey, peer: UserID?,
    _ output: inout SessionOutput
  ) {
    output.actions.append(
      .submit(
        Command(
          stream: stream, actor: command.issuer.actor, id: nil, body: .inspect(peer: peer)),
        CommandPurpose(sequence: command.issuer.sequence, kind: .locate)))
  }

  private func look(for command: UnresolvedCommand, _ output: inout SessionOutput) {
    var reading: MessageReading?
    if case .forward = command.use { reading = MessageReading(visible: command.visible) }
    output.actions.append(.resolve(command.name, reading: reading))
  }

  mutating func located(
    _ outcome: Result<CommandOutcome, DaybookError>, _ output: inout SessionOutput
  ) {
    guard var command = unresolved else { preconditionFailure("located what nobody asked for") }
    do throws(DaybookError) {
      command.limit(to: try outcome.get().position())
      unresolved = command
      look(for: command, &output)
    } catch {
      unresolved = nil
      refuse(command, error, &output)
    }
  }

  /// The message was looked for.
  mutating func resolved(
    _ result: Result<FoundMessage, DaybookError>, _ output: inout SessionOutput
  ) {
    guard !isClosed, let command = unresolved else { return }
    unresolved = nil
    do throws(DaybookError) {
      let found = try result.get()
      guard command.sees(found) else { throw command.name.notFound }
      try submit(command, about: found, &output)
    } catch {
      refuse(command, error, &output)
    }
  }

  /// The message may have been there when the command came first, and the answer to that may have
  /// been lost: whoever it would have gone to knows.
  private mutating func refuse(
    _ command: UnresolvedCommand, _ error: DaybookError, _ output: inout SessionOutput
  ) {
    if error.code.isTemporary { heldBack.turnedAway(command.issuer.issued, uptime: clock.uptime()) }
    guard !error.code.isTemporary, let target = command.target else {
      return output.error(error, sequence: command.issuer.sequence)
    }
    submit(command.issuer, target, .refused(error), &output)
  }

  private mutating func submit(
    _ command: UnresolvedCommand, about found: FoundMessage, _ output: inout SessionOutput
  ) throws(DaybookError) {
    let issuer = command.issuer
    switch command.use {
    case .reply(let body): submit(issuer, command.name.conversation, message: body, &output)
    case .forward(let to):
      guard let message = found.forwarded else { throw command.name.notFound }
      submit(issuer, to, .send(message), &output)
    case .recall:
      submit(issuer, found.stream, .recall(found.reference(command.name)), &output)
    case .edit where found.isExpired, .react(_, isRemoved: false) where found.isExpired:
      // Asked of its owner, who knows whether it was done before.
      submit(issuer, found.stream, .refused(command.name.gone), &output)
    case .edit(let content):
      submit(
        issuer, found.stream, .edit(found.reference(command.name), content: content), &output)
    case .react(let reaction, let isRemoved):
      submit(
        issuer, found.stream,
        .react(found.reference(command.name), reaction: reaction, isRemoved: isRemoved),
        &output)
    }
  }
}
