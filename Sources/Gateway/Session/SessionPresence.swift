import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import WireProtocol

/// What is told of people and kept nowhere: who is online, who types, and transient messages.
extension SessionMachine {
  mutating func online(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let check = try OnlineCheck(try Daybook_V1_OnlineRequest(frameBody: frame.body))
    try presence?.admit(check)
    try queries.begin()
    presence?.ask(check, sequence: frame.sequence, &output)
  }

  /// The owner of a user's mailbox has said whether this session may know.
  mutating func contactKnown(
    _ other: UserID, _ outcome: Result<CommandOutcome, DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    let isAnswered = presence?.contactKnown(other, outcome, sequence: sequence, &output)
    if isAnswered == true { queries.ended() }
  }

  mutating func onlineKnown(
    _ result: Result<[UserPresence], DaybookError>, sequence: UInt32,
    _ output: inout SessionOutput
  ) {
    guard !isClosed else { return }
    queries.ended()
    presence?.onlineKnown(result, sequence: sequence, &output)
  }

  mutating func presenceChanged(_ change: UserPresence, _ output: inout SessionOutput) {
    guard phase == .open else { return }
    presence?.presenceChanged(change, &output)
  }

  mutating func watchEnded(_ other: UserID, _ output: inout SessionOutput) {
    guard phase == .open else { return }
    presence?.watchEnded(other, &output)
  }

  mutating func typing(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_TypingRequest(frameBody: frame.body)
    let conversation = try StreamKey(parsing: request.conversation)
    guard user != nil else { throw Requester.ownersOnly }
    if conversation.kind == .group, !isFollowed(conversation) {
      throw DaybookError(.notAMember, "only members of \(conversation) may type there")
    }
    presence?.typing(in: conversation, sequence: frame.sequence, &output)
  }

  private func isFollowed(_ stream: StreamKey) -> Bool { syncing?.isFollowed(stream) ?? false }

  /// The user, once the owner has agreed that this session follows the stream.
  func follower(of stream: StreamKey) -> UserID? {
    syncing?.hasOpened(stream) == true ? user : nil
  }

  func typingSeen(_ typist: UserID, to stream: StreamKey, _ output: inout SessionOutput) {
    // Whom the user has blocked is known from the mailbox's answer on.
    guard phase == .open, connectReply == nil else { return }
    guard stream.kind == .user || isFollowed(stream) else { return }
    presence?.typingSeen(typist, to: stream, &output)
  }

  func transientSent(
    _ event: ByteBuffer, in stream: StreamKey, _ output: inout SessionOutput
  ) {
    guard phase == .open, connectReply == nil else { return }
    guard stream.kind == .user || isFollowed(stream) else { return }
    presence?.transientSent(event, &output)
  }
}
