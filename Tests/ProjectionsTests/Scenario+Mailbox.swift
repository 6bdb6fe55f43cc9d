import DaybookModel

/// What a mailbox's owner does there.
struct Mailbox {
  var blocked: Set<UserID> = []
  /// Messages of others that no device has acked.
  var undelivered: [(seq: Seq, from: UserID, id: MessageID)] = []
  /// All messages of others.
  var received: [(seq: Seq, from: UserID, id: MessageID)] = []
  var sessions: [DeviceID: String] = [:]
}

extension Scenario {
  mutating func readDirect(_ user: UserID) -> [Event] {
    let peer = any(of: users)
    let upTo = someSeq(.user(user))
    let last = mailboxes[user]!.received.last { $0.from == peer && $0.seq <= upTo }
    let notice: ReadNotice
    if let last, !mailboxes[user]!.blocked.contains(peer) {
      // Older servers named none.
      notice = oneIn(4) ? .unstated : .upTo(last.id)
    } else {
      notice = .nobody
    }
    return [event(.user(user), .read(peer: peer, upTo: upTo, notice: notice), by: user)]
  }

  mutating func ack(_ user: UserID) -> [Event] {
    let device = any(of: devices)
    let group = any(of: groups)
    if oneIn(4) { return forget(device, of: user) }
    let inGroup = rooms[group]?.isMember(user) == true && Bool.random(using: &random)
    let stream = inGroup ? StreamKey.group(group) : .user(user)
    if !isOpened(stream, user, device) { return [open(stream, user, device)] }
    let seq = someSeq(stream)
    // As newer servers gather it; older ones logged it in the group.
    if inGroup, isOpened(.user(user), user, device), oneIn(2) {
      let cursors = Event.Body.groupCursors([GroupPosition(group, upTo: seq)])
      return [event(.user(user), cursors, by: user, device: device)]
    }
    var senders: [DeliveredSender] = []
    if !inGroup {
      let (isOld, blocked) = (oneIn(4), mailboxes[user]!.blocked)
      let isTold = { (message: (seq: Seq, from: UserID, id: MessageID)) in
        message.seq <= seq && !blocked.contains(message.from)
      }
      let told = mailboxes[user]!.undelivered.filter(isTold)
      senders = Set(told.map(\.from)).sorted().map { sender in
        let last = told.last { $0.from == sender }!.id
        return DeliveredSender(sender, lastMessage: isOld ? .none : last)
      }
      mailboxes[user]!.undelivered.removeAll(where: isTold)
    }
    return [event(stream, .acked(upTo: seq, senders: senders), by: user, device: device)]
  }

  private func isOpened(_ stream: StreamKey, _ user: UserID, _ device: DeviceID) -> Bool {
    opened.contains("\(stream) \(user) \(device)")
  }

  private mutating func open(
    _ stream: StreamKey, _ user: UserID, _ device: DeviceID
  ) -> Event {
    opened.insert("\(stream) \(user) \(device)")
    let cursor = someSeq(stream)
    let key = "\(user) \(device)"
    if stream.kind == .user { registrations[key] = Seq((heads[stream] ?? 0) + 1) }
    return event(
      stream, .cursorOpened(cursor: cursor, registration: registrations[key] ?? .none), by: user,
      device: device)
  }

  /// Coming again, it opens its cursors anew.
  private mutating func forget(_ device: DeviceID, of user: UserID) -> [Event] {
    let stream = StreamKey.user(user)
    guard isOpened(stream, user, device) else { return [] }
    opened = opened.filter { !$0.hasSuffix(" \(user) \(device)") }
    let forgotten = event(stream, .deviceForgotten(device), by: user)
    return [forgotten] + close(device, of: user, "device_forgotten")
  }

  mutating func session(_ user: UserID) -> [Event] {
    let device = any(of: devices)
    let stream = StreamKey.user(user)
    if oneIn(2), mailboxes[user]!.sessions[device] != nil {
      return close(device, of: user, "disconnected")
    }
    var events: [Event] = []
    if !isOpened(stream, user, device) { events.append(open(stream, user, device)) }
    let before = mailboxes[user]!.sessions[device]
    let name = "session-\(UInt64.random(in: 0...UInt64.max, using: &random))"
    mailboxes[user]!.sessions[device] = name
    let body = Event.Body.sessionOpened(
      session: name, client: "test/\(device)", deviceClass: device == devices[0] ? "mobile" : "")
    events.append(event(stream, body, by: user, device: device))
    if let before {
      let replaced = Event.Body.sessionClosed(session: before, reason: "session_replaced")
      events.append(event(stream, replaced, by: user, device: device))
    }
    return events
  }

  private mutating func close(
    _ device: DeviceID, of user: UserID, _ reason: String
  ) -> [Event] {
    guard let name = mailboxes[user]!.sessions.removeValue(forKey: device) else { return [] }
    let body = Event.Body.sessionClosed(session: name, reason: reason)
    return [event(.user(user), body, by: user, device: device)]
  }

  /// Marks, clearing and blocking.
  mutating func ownMarks(_ user: UserID) -> [Event] {
    let stream = StreamKey.user(user)
    let (peer, group) = (any(of: users), any(of: groups))
    switch Int.random(in: 0..<8, using: &random) {
    case 0..<3:
      let conversation = oneIn(2) ? StreamKey.user(peer) : .group(group)
      let marks = ConversationMarks(
        isQuiet: oneIn(3), isPinned: oneIn(3), isUnread: Bool.random(using: &random))
      return [event(stream, .conversationMarked(conversation, marks), by: user)]
    case 3:
      let body = Event.Body.conversationCleared(peer: peer, upTo: someSeq(stream))
      return [event(stream, body, by: user)]
    case 4...5:
      guard rooms[group]?.isMember(user) == true else { return [] }
      let upTo = someSeq(.group(group))
      return [
        event(.group(group), .conversationCleared(peer: nil, upTo: upTo), by: user),
        relay(stream, .groupCleared(group, upTo: upTo)),
      ]
    default:
      guard peer != user else { return [event(stream, .noted, by: user)] }
      if mailboxes[user]!.blocked.remove(peer) != nil {
        return [event(stream, .userUnblocked(peer), by: user)]
      }
      mailboxes[user]!.blocked.insert(peer)
      return [event(stream, .userBlocked(peer), by: user)]
    }
  }
}
