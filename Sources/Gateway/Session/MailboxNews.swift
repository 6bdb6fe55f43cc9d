import DaybookModel
import DaybookSchema
import NIOCore

extension EventSlot {
  /// The event, of its batch's body.
  func bytes(in body: ByteBuffer) -> ByteBuffer? {
    body.getSlice(at: body.readerIndex + Int(start), length: Int(length))
  }
}

/// Events of the own mailbox that change the session itself, whoever of the user's devices caused
/// them.
enum MailboxNews: Sendable {
  case blocked(UserID)
  case unblocked(UserID)
  case forgotten(DeviceID)
  case revoked(Revocation)
  case marked(StreamKey, isQuiet: Bool)

  /// Nil for all other events.
  init?(_ slot: EventSlot, _ bytes: ByteBuffer) {
    switch slot.kind {
    case .userBlocked, .userUnblocked, .deviceForgotten, .tokensRevoked, .conversationMarked: break
    default: return nil
    }
    switch try? EventDecoding.decode(bytes).body {
    case .userBlocked(let other): self = .blocked(other)
    case .userUnblocked(let other): self = .unblocked(other)
    case .deviceForgotten(let device): self = .forgotten(device)
    case .tokensRevoked(let revoked): self = .revoked(revoked)
    case .conversationMarked(let conversation, let marks):
      self = .marked(conversation, isQuiet: marks.isQuiet)
    default: return nil
    }
  }
}
