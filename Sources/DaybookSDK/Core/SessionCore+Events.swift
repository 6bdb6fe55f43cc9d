import DaybookModel
import DaybookSchema
import NIOCore

extension SessionCore {
  /// Tells the user what an event means to them. Each comes here once and in order.
  mutating func tell(_ event: Event?, at point: AckPoint) {
    guard let event else {
      actions.append(.emit(nil, point))
      return
    }
    if let message = IncomingMessage(event, for: user) {
      actions.append(.emit(.message(message), point))
      switch event.body {
      case .messageCopied(_, let to, let peerSeq):
        tell(board.copied(event.messageID, to: to, peerSeq: peerSeq))
      default: break
      }
      return
    }
    switch event.body {
    case .messagesDelivered(let by, let upTo):
      tell(board.delivered(by: by, upTo: upTo))
      actions.append(.emit(nil, point))
    case .messagesRead(let by, let upTo):
      tell(board.read(by: by, upTo: upTo))
      actions.append(.emit(nil, point))
    default:
      remember(event)
      let meanings = ClientEvent.meanings(of: event)
      // Only with the last of them has the event been told.
      for meaning in meanings.dropLast() { actions.append(.emit(meaning, nil)) }
      actions.append(.emit(meanings.last, point))
    }
  }

  /// A message that stands in no log. What this device itself sent is no news to it, and a kind
  /// that this version doesn't know is passed over.
  mutating func tellTransient(_ bytes: ByteBuffer) {
    guard let event = try? EventDecoding.decode(bytes),
      var message = IncomingMessage(event, for: user)
    else { return }
    if message.isOwn, let device = info?.device, event.actor.device?.text == device { return }
    message.isTransient = true
    actions.append(.emit(.message(message), nil))
  }

  private mutating func remember(_ event: Event) {
    switch event.body {
    case .conversationMarked(let conversation, let marks):
      if marks.isUnread {
        markedUnread.insert(conversation)
      } else {
        markedUnread.remove(conversation)
      }
    case .read(let peer?, _, _): markedUnread.remove(.user(peer))
    case .groupRead(let group, _, _): markedUnread.remove(.group(group))
    default: break
    }
  }

  mutating func tell(_ news: [DeliveryBoard.Progress]) {
    for progress in news { tell(progress) }
  }

  /// `stored` is told by the answer to the send, with what only that knows.
  private mutating func tell(_ progress: DeliveryBoard.Progress) {
    let status: MessageStatus
    switch progress.status {
    case .stored: return
    case .delivered: status = .delivered
    case .read: status = .read
    }
    let update = StatusUpdate(
      sendID: nil, messageID: progress.messageID == .none ? nil : progress.messageID.rawValue,
      conversation: .user(progress.peer.text), status: status)
    actions.append(.emit(.status(update), nil))
  }
}
