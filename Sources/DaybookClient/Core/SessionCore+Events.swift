import DaybookModel

extension SessionCore {
  /// Tells the user what an event means to them. Each comes here once and in order.
  mutating func tell(_ event: Event?, at point: AckPoint) {
    guard let event else {
      actions.append(.emit(nil, point))
      return
    }
    if let message = IncomingMessage(event, for: user) {
      actions.append(.emit(.message(message), point))
      if case .messageCopied(_, let to, let peerSeq) = event.body {
        tell(board.copied(event.messageID, to: to, at: peerSeq))
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
    default: actions.append(.emit(meaning(of: event), point))
    }
  }

  private func meaning(of event: Event) -> ClientEvent? {
    switch event.body {
    case .read(let peer, let upTo):
      return peer.map { .read(.user($0.text), upToSeq: upTo.rawValue) }
    case .groupRead(let group, let upTo):
      return .read(.group(group.text), upToSeq: upTo.rawValue)
    case .groupJoined(let group, _): return .groupJoined(group.text)
    case .groupLeft(let group, _): return .groupLeft(group.text)
    case .groupCreated(let title):
      return .groupCreated(event.stream.id, title: title, by: event.actor.user?.text ?? "")
    case .memberJoined(let member):
      return .memberJoined(group: event.stream.id, user: member.text)
    case .memberLeft(let member): return .memberLeft(group: event.stream.id, user: member.text)
    default: return nil
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
