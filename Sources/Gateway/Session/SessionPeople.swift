import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import WireProtocol

/// Commands in one's own mailbox: whom one blocks, how one marks conversations, one's devices.
extension SessionMachine {
  mutating func block(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_BlockRequest(frameBody: frame.body)
    let issuer = try issuer(of: frame, request.context)
    submit(
      issuer, .user(issuer.user), .block(try UserID(request.user), request.blocked), &output)
  }

  mutating func mark(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_MarkRequest(frameBody: frame.body)
    let issuer = try issuer(of: frame, request.context)
    let change = MarksChange(
      isQuiet: request.hasQuiet ? request.quiet : nil,
      isPinned: request.hasPinned ? request.pinned : nil,
      isUnread: request.hasUnread ? request.unread : nil)
    submit(
      issuer, .user(issuer.user), .mark(try StreamKey(parsing: request.conversation), change),
      &output)
  }

  mutating func forgetDevice(_ frame: Frame, _ output: inout SessionOutput) throws(DaybookError) {
    let request = try Daybook_V1_ForgetDeviceRequest(frameBody: frame.body)
    let issuer = try issuer(of: frame, request.context)
    submit(
      issuer, .user(issuer.user), .forgetDevice(try DeviceID(request.device)), &output)
  }
}

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
    guard let user, let news = MailboxNews(slot, bytes),
      let mailbox = following[.user(user)]
    else { return }
    if mailbox.phase == .opening {
      earlyNews.append((slot.seq, news))
    } else if slot.seq > mailbox.openedHead {
      take(news, &output)
    }
  }

  mutating func takeEarlyNews(after head: Seq, _ output: inout SessionOutput) {
    for (seq, news) in earlyNews where seq > head { take(news, &output) }
    earlyNews = []
  }

  private mutating func take(_ news: MailboxNews, _ output: inout SessionOutput) {
    switch news {
    case .blocked(let other): blocked.insert(other)
    case .unblocked(let other): blocked.remove(other)
    case .forgotten(let forgotten):
      guard forgotten == device else { return }
      closing(
        DaybookError(
          .deviceForgotten, "this device was forgotten: connect again and it is a new one"),
        &output)
    }
  }
}
