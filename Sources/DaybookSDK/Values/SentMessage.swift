import DaybookModel
import NIOConcurrencyHelpers
import NIOCore
import WireProtocol

/// A message on its way. News of it come as `ClientEvent.status`, and here.
public final class SentMessage: Sendable {
  private struct State {
    var status = MessageStatus.sending
    var outcome: Result<StoredMessage, ClientError>?
    var waiters: [Reply<StoredMessage>] = []
  }

  /// This client's own count of its messages, from 1.
  public let id: UInt64
  /// Where it goes.
  public let conversation: Conversation
  private let loop: any EventLoop
  private let limit: Duration?
  private let state = NIOLockedValueBox(State())

  init(id: UInt64, conversation: Conversation, loop: any EventLoop, limit: Duration?) {
    self.id = id
    self.conversation = conversation
    self.loop = loop
    self.limit = limit
  }

  /// `sending`, `stored`, `pushed` or `failed`; what comes later is told by events.
  public var status: MessageStatus { state.withLockedValue { $0.status } }

  /// Waits until the message is durable; a transient one, until it was pushed. The message goes on its
  /// way whether anybody waits or not. Throws why it was refused; `cancelled` and `deadline_exceeded`
  /// of the waiting.
  public func stored() async throws(ClientError) -> StoredMessage {
    let reply = Reply<StoredMessage>()
    let outcome = state.withLockedValue { state in
      if state.outcome == nil { state.waiters.append(reply) }
      return state.outcome
    }
    if let outcome { return try outcome.get() }
    return try await reply.answer(on: loop, within: limit)
  }

  func complete(_ outcome: Result<CommandReply, DaybookError>) -> StatusUpdate {
    let status: MessageStatus
    let answer: Result<StoredMessage, ClientError>
    var messageID: UInt64?
    switch outcome {
    case .success(let reply):
      let stored = StoredMessage(
        messageID: reply.messageID.rawValue, seq: reply.seq.rawValue,
        recordedAtMilliseconds: reply.recordedAt.milliseconds)
      if reply.durability == CommandReply.notStored {
        status = .pushed
      } else {
        messageID = stored.messageID
        status = .stored(stored)
      }
      answer = .success(stored)
    case .failure(let error):
      status = .failed(ClientError(error))
      answer = .failure(ClientError(error))
    }
    let waiters = state.withLockedValue { state in
      state.status = status
      state.outcome = answer
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.complete(answer) }
    return StatusUpdate(
      sendID: id, messageID: messageID, conversation: conversation, status: status)
  }
}
