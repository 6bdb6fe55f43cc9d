import DaybookModel
import NIOConcurrencyHelpers
import NIOCore
import WireProtocol

/// A message on its way. News of it come as `ClientEvent.status`, and here.
public final class SentMessage: Sendable {
  private struct State {
    var status = MessageStatus.sending
    var outcome: Result<StoredMessage, ClientError>?
    /// Of the outbox.
    var kept: Result<Void, ClientError>?
    var waiters: [Reply<StoredMessage>] = []
    var keptWaiters: [Reply<Void>] = []
  }

  /// This client's own count of its messages, from 1. With an outbox it goes on over all clients that
  /// have used it, so that an application can note it down, and know later news of it.
  public let id: UInt64
  /// Where it goes.
  public let conversation: Conversation
  private let loop: any EventLoop
  private let limit: Duration?
  private let state: NIOLockedValueBox<State>

  /// `kept`: what is known of its way into an outbox; success for what has none.
  init(
    id: UInt64, conversation: Conversation, loop: any EventLoop, limit: Duration?,
    kept: Result<Void, ClientError>? = .success(())
  ) {
    state = NIOLockedValueBox(State(kept: kept))
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

  /// Waits until the message is in the client's outbox, durably: from then on it is sent, if not by
  /// this process, by a later one with the same outbox. Returns at once where there is none, and for
  /// what is transient. Throws `outbox_failed`: then it is not sent.
  public func kept() async throws(ClientError) {
    let reply = Reply<Void>()
    let outcome = state.withLockedValue { state in
      if state.kept == nil { state.keptWaiters.append(reply) }
      return state.kept
    }
    if let outcome { return try outcome.get() }
    try await reply.answer(on: loop, within: limit)
  }

  /// What came of its way into the outbox; the first word counts.
  func kept(_ outcome: Result<Void, ClientError>) {
    let waiters = state.withLockedValue { state -> [Reply<Void>] in
      guard state.kept == nil else { return [] }
      state.kept = outcome
      defer { state.keptWaiters = [] }
      return state.keptWaiters
    }
    for waiter in waiters { waiter.complete(outcome) }
  }

  func complete(_ outcome: Result<CommandReply, DaybookError>) -> StatusUpdate {
    let status: MessageStatus
    let answer: Result<StoredMessage, ClientError>
    var messageID: UInt64?
    switch outcome {
    case .success(let reply):
      let stored = StoredMessage(
        messageID: reply.messageID.rawValue, seq: reply.seq.rawValue,
        recordedAt: Moment(reply.recordedAt))
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
    kept(answer.map { _ in })
    return StatusUpdate(
      sendID: id, messageID: messageID, conversation: conversation, status: status)
  }
}
