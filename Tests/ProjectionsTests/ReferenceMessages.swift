import DaybookModel
import DaybookSchema
import NIOCore
import Ports

@testable import Projections

/// Messages, and what became of them.
extension ReferenceModel {
  func messages(of conversation: ConversationKey) -> [Event] {
    inStream(conversation.stream).filter { $0.conversation == conversation }
      .sorted { $0.messageID < $1.messageID }
  }

  /// What is shown in place of an event at a time.
  func shown(_ event: Event, at now: Timestamp) -> Event {
    guard event.kind.isMessage || event.kind == .messageEdited else { return event }
    let same = inStream(event.stream).filter { $0.messageID == event.messageID }
    if let recall = same.first(where: { $0.kind == .messageRecalled }) {
      return tombstone(event, by: recall.actor.user, at: recall.recordedAt)
    }
    let extras = same.compactMap { event -> MessageExtras? in
      switch event.body {
      case .messageSent(let message), .messageCopied(let message, _, _): message.extras
      default: nil
      }
    }
    guard let expiresAt = extras.first?.expiresAt, expiresAt != .none, expiresAt <= now else {
      return event
    }
    return tombstone(event, by: nil, at: expiresAt)
  }

  private func tombstone(_ event: Event, by user: UserID?, at: Timestamp) -> Event {
    var shown = event
    (shown.command, shown.cause) = (nil, nil)
    var body = MessageTombstone(by: user, at: at)
    switch event.body {
    case .messageSent(let message):
      (body.clientTime, body.senderName) = (message.clientTime, message.senderName)
    case .messageCopied(let message, let to, let peerSeq):
      (body.to, body.peerSeq) = (to, peerSeq)
      (body.clientTime, body.senderName) = (message.clientTime, message.senderName)
    case .messageEdited(let target, _): (body.isEdit, body.to) = (true, target.peer)
    default: break
    }
    shown.body = .messageTombstone(body)
    return shown
  }

  /// Of those among the messages that are shown and were edited or reacted to.
  func amendments(
    of messages: [Event], at now: Timestamp, for reader: UserID
  ) -> [MessageAmendments] {
    messages.compactMap { message in
      guard shown(message, at: now) == message else { return nil }
      let same = inStream(message.stream).filter { $0.messageID == message.messageID }
      let edits = same.filter { $0.kind == .messageEdited }
      let reactions = reactions(same, for: reader)
      if edits.isEmpty, reactions.isEmpty { return nil }
      return MessageAmendments(
        messageID: message.messageID, edit: edits.last.map(EventEncoding.encode),
        edits: edits.count, reactions: reactions)
    }
  }

  private func reactions(
    _ events: [Event], for reader: UserID
  ) -> [MessageAmendments.Reaction] {
    // Keyed by bytes: two that look alike are two.
    var users: [[UInt8]: Set<UserID>] = [:]
    for event in events {
      switch event.body {
      case .reactionAdded(_, let text):
        users[Array(text.utf8), default: []].insert(event.actor.user!)
      case .reactionRemoved(_, let text): users[Array(text.utf8)]?.remove(event.actor.user!)
      default: break
      }
    }
    return users.filter { !$0.value.isEmpty }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
      .map { text, users in
        MessageAmendments.Reaction(
          reaction: String(decoding: text, as: UTF8.self), count: UInt64(users.count),
          isOwn: users.contains(reader))
      }
  }
}
