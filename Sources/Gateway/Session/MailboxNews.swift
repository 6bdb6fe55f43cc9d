import DaybookModel
import DaybookSchema
import NIOCore

/// Events of the own mailbox that change the session itself, whoever of the user's devices caused
/// them.
enum MailboxNews: Sendable {
  case blocked(UserID)
  case unblocked(UserID)
  case forgotten(DeviceID)

  /// Nil for all other events.
  init?(_ slot: EventSlot, _ bytes: ByteBuffer) {
    switch slot.kind {
    case .userBlocked, .userUnblocked, .deviceForgotten: break
    default: return nil
    }
    switch try? EventDecoding.decode(bytes).body {
    case .userBlocked(let other): self = .blocked(other)
    case .userUnblocked(let other): self = .unblocked(other)
    case .deviceForgotten(let device): self = .forgotten(device)
    default: return nil
    }
  }
}
