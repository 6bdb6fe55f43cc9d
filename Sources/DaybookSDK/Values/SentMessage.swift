import DaybookModel
import NIOConcurrencyHelpers
import NIOCore
import WireProtocol

/// A message on its way. News of it come as `ClientEvent.status`, and here.
public final class SentMessage: Sendable {
  /// This client's own count of its messages, from 1.
  public let id: UInt64
  public let conversation: Conversation
  private let promise: EventLoopPromise<StoredMessage>
  private let current = NIOLockedValueBox(MessageStatus.sending)

  init(id: UInt64, conversation: Conversation, promise: EventLoopPromise<StoredMessage>) {
    self.id = id
    self.conversation = conversation
    self.promise = promise
  }

  /// `sending`, `stored`, `pushed` or `failed`; what comes later is told by events.
  public var status: MessageStatus { current.withLockedValue { $0 } }

  /// Waits until the message is durable; a transient one, until it was pushed. Throws
  /// `ClientError`.
  public func stored() async throws -> StoredMessage {
    do {
      return try await promise.futureResult.get()
    } catch {
      throw ClientError(wrapping: error)
    }
  }

  func complete(_ outcome: Result<CommandReply, DaybookError>) -> StatusUpdate {
    let status: MessageStatus
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
      promise.succeed(stored)
    case .failure(let error):
      status = .failed(ClientError(error))
      promise.fail(error)
    }
    current.withLockedValue { $0 = status }
    return StatusUpdate(
      sendID: id, messageID: messageID, conversation: conversation, status: status)
  }
}

extension ClientError {
  /// Whatever came out of an event loop's future.
  init(wrapping error: any Error) {
    switch error {
    case let error as ClientError: self = error
    case let error as DaybookError: self.init(error)
    default: self.init(.unreachable, "the connection failed: \(error)")
    }
  }
}
