/// Moments as the counts of milliseconds that the modules of this package have them in.
extension Moment {
  fileprivate init(_ milliseconds: UInt64) { self.init(millisecondsSince1970: milliseconds) }
}

extension MessageRecall {
  package var atMilliseconds: UInt64 {
    get { at.millisecondsSince1970 }
    set { at = Moment(newValue) }
  }

  package init(
    conversation: Conversation, messageID: UInt64, by: String, atMilliseconds: UInt64
  ) {
    self.init(conversation: conversation, messageID: messageID, by: by, at: Moment(atMilliseconds))
  }
}

extension MessageEdit {
  package var atMilliseconds: UInt64 {
    get { at.millisecondsSince1970 }
    set { at = Moment(newValue) }
  }

  package init(
    conversation: Conversation, messageID: UInt64, by: String, atMilliseconds: UInt64,
    content: MessageContent
  ) {
    self.init(
      conversation: conversation, messageID: messageID, by: by, at: Moment(atMilliseconds),
      content: content)
  }
}

extension MessageReaction {
  package var atMilliseconds: UInt64 {
    get { at.millisecondsSince1970 }
    set { at = Moment(newValue) }
  }

  package init(
    conversation: Conversation, messageID: UInt64, by: String, atMilliseconds: UInt64,
    reaction: String, isRemoved: Bool
  ) {
    self.init(
      conversation: conversation, messageID: messageID, by: by, at: Moment(atMilliseconds),
      reaction: reaction, isRemoved: isRemoved)
  }
}

extension SessionInfo {
  package var serverTimeMilliseconds: UInt64 { serverTime.millisecondsSince1970 }
}

extension StoredMessage {
  package init(messageID: UInt64, seq: UInt64, recordedAtMilliseconds: UInt64) {
    self.init(messageID: messageID, seq: seq, recordedAt: Moment(recordedAtMilliseconds))
  }
}

extension IncomingMessage {
  package var recordedAtMilliseconds: UInt64 {
    get { recordedAt.millisecondsSince1970 }
    set { recordedAt = Moment(newValue) }
  }

  package var clientTimeMilliseconds: UInt64? {
    get { clientTime?.millisecondsSince1970 }
    set { clientTime = newValue.map { Moment($0) } }
  }

  package var expiresAtMilliseconds: UInt64? {
    get { expiresAt?.millisecondsSince1970 }
    set { expiresAt = newValue.map { Moment($0) } }
  }
}

extension IncomingMessage.Forwarding {
  package init(messageID: UInt64, from: String, recordedAtMilliseconds: UInt64) {
    self.init(messageID: messageID, from: from, recordedAt: Moment(recordedAtMilliseconds))
  }
}

extension IncomingMessage.Gone {
  package static func recalled(by user: String, atMilliseconds: UInt64) -> Self {
    .recalled(by: user, at: Moment(atMilliseconds))
  }

  package static func expired(atMilliseconds: UInt64) -> Self {
    .expired(at: Moment(atMilliseconds))
  }
}

extension UserPresence {
  package var lastSeenMilliseconds: UInt64? { lastSeen?.millisecondsSince1970 }

  package init(user: String, isOnline: Bool, devices: [String], lastSeenMilliseconds: UInt64?) {
    self.init(
      user: user, isOnline: isOnline, devices: devices,
      lastSeen: lastSeenMilliseconds.map { Moment($0) })
  }
}

extension UserDevice {
  package var lastSeenMilliseconds: UInt64? { lastSeen?.millisecondsSince1970 }

  package init(id: String, isOnline: Bool, lastSeenMilliseconds: UInt64?, cursor: UInt64) {
    self.init(
      id: id, isOnline: isOnline, lastSeen: lastSeenMilliseconds.map { Moment($0) },
      cursor: cursor)
  }
}

extension MessageReceipt {
  package var deliveredAtMilliseconds: UInt64? { deliveredAt?.millisecondsSince1970 }
  package var readAtMilliseconds: UInt64? { readAt?.millisecondsSince1970 }

  package init(user: String, deliveredAtMilliseconds: UInt64?, readAtMilliseconds: UInt64?) {
    self.init(
      user: user, deliveredAt: deliveredAtMilliseconds.map { Moment($0) },
      readAt: readAtMilliseconds.map { Moment($0) })
  }
}
