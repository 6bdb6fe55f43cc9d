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

extension SessionMachine {
  /// Of what has committed in the own mailbox. Up to its head at the opening, the owner's answer
  /// has it; what is behind counts at once, however far the sync is.
  mutating func noteNews(
    _ slot: EventSlot, _ bytes: ByteBuffer, _ output: inout SessionOutput
  ) {
    guard let news = MailboxNews(slot, bytes) else { return }
    guard let known = syncing?.mailboxOpenedHead else {
      return earlyNews.append((slot.seq, news))
    }
    if slot.seq > known { take(news, &output) }
  }

  mutating func takeEarlyNews(after head: Seq, _ output: inout SessionOutput) {
    for (seq, news) in earlyNews where seq > head { take(news, &output) }
    earlyNews = []
  }

  private mutating func take(_ news: MailboxNews, _ output: inout SessionOutput) {
    switch news {
    case .blocked(let other): presence?.block(other, true)
    case .unblocked(let other): presence?.block(other, false)
    case .forgotten(let forgotten):
      guard forgotten == device else { return }
      closing(
        DaybookError(
          .deviceForgotten, "this device was forgotten: connect again and it is a new one"),
        &output)
    }
  }
}
