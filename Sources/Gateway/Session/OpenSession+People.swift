import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import WireProtocol

/// Who is there, who types, and what is asked of others than the read side.
extension OpenSession {
  // MARK: requests

  func nextNumber(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let asked = try NextNumber(frame.body, by: requester)
    if let user = requester.user {
      try settings.rates.admit(.queries, of: user, now: clock.uptime())
    }
    try queries.begin()
    output.actions.append(
      .submit(asked.command, CommandPurpose(sequence: frame.sequence, kind: .nextNumber)))
  }

  func online(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let check = try OnlineCheck(try Daybook_V1_OnlineRequest(frameBody: frame.body))
    try presence.admit(check)
    try queries.begin()
    presence.ask(check, sequence: frame.sequence, &output)
  }

  func typing(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_TypingRequest(frameBody: frame.body)
    let conversation = try StreamKey(parsing: request.conversation)
    guard requester.user != nil else { throw Requester.ownersOnly }
    if conversation.kind == .group, !syncing.isFollowed(conversation) {
      throw DaybookError(.notAMember, "only members of \(conversation) may type there")
    }
    // Who types is there.
    guard !connection.hidesPresence else { return }
    presence.typing(in: conversation, sequence: frame.sequence, &output)
  }

  // MARK: what others bring about

  func interrupted(_ stream: StreamKey, _ output: inout SessionOutput) {
    if stream == token.stream { token.ask(&output) }
    syncing.interrupted(stream, &output)
  }

  /// The user has left the group, and its stream says so to nobody else: what may be seen of it the
  /// group's owner is asked.
  func left(_ stream: StreamKey, _ output: inout SessionOutput) {
    syncing.left(stream, &output)
  }

  // MARK: people

  func presenceChanged(_ change: UserPresence, _ output: inout SessionOutput) {
    presence.presenceChanged(change, &output)
  }

  func watchEnded(_ other: UserID, _ output: inout SessionOutput) {
    presence.watchEnded(other, &output)
  }

  func typingSeen(_ typist: UserID, to stream: StreamKey, _ output: inout SessionOutput) {
    guard stream.kind == .user || syncing.isFollowed(stream) else { return }
    presence.typingSeen(typist, to: stream, &output)
  }

  func transientSent(_ event: ByteBuffer, in stream: StreamKey, _ output: inout SessionOutput) {
    guard stream.kind == .user || syncing.isFollowed(stream) else { return }
    presence.transientSent(event, &output)
  }
}
