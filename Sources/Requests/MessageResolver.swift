package import DaybookModel
import DaybookSchema
import NIOCore
package import Ports

/// A message as one of those who see it names it: by conversation and id.
package struct MessageName: Sendable, Equatable {
  package let id: MessageID
  /// `user/<peer>` or `group/<id>`.
  package let conversation: StreamKey
  /// Whose conversation it is; nil for a service that asks about a group.
  package let user: UserID?

  package init(_ id: MessageID, in conversation: StreamKey, of user: UserID?) {
    self.id = id
    self.conversation = conversation
    self.user = user
  }

  package var gone: DaybookError {
    DaybookError(.messageWasRecalled, "message \(id) was recalled, or was not to be kept")
  }

  package var notFound: DaybookError {
    DaybookError(.messageNotFound, "\(conversation) has no message \(id)")
  }
}

/// Where a message is.
package struct FoundMessage: Sendable {
  /// The stream that it was sent to, and its place there; no seq where it was withheld.
  package var stream: StreamKey
  package var seq: Seq
  package var author: UserID
  package var sentAt: Timestamp
  /// Its seq where its reader sees it; none while the reader's copy is on its way.
  package var shownSeq: Seq
  /// It was not to be kept for so long.
  package var isExpired = false
  /// What a forward of it would send.
  package var forwarded: Message?
  /// What it states of receipts, in a group.
  package var receipts = StatedReceipts.unstated

  package init(
    stream: StreamKey, seq: Seq, author: UserID, sentAt: Timestamp, shownSeq: Seq,
    isExpired: Bool = false, forwarded: Message? = nil
  ) {
    self.stream = stream
    self.seq = seq
    self.author = author
    self.sentAt = sentAt
    self.shownSeq = shownSeq
    self.isExpired = isExpired
    self.forwarded = forwarded
  }

  package func reference(_ name: MessageName) -> MessageReference {
    MessageReference(seq: seq, messageID: name.id, author: author, sentAt: sentAt)
  }
}

/// What somebody may see of a group's message, who is to read it: an edit that isn't shown to them
/// hasn't been. Nil: all.
package struct MessageReading: Sendable, Equatable {
  package var visible: [SeqInterval]?

  package init(visible: [SeqInterval]?) { self.visible = visible }
}

/// Finds a message for whoever names it. The two sides of a direct conversation know it under
/// seqs of their own; what is done to it is done in the stream that it was sent to.
package struct MessageResolver: Sendable {
  private let queries: any Queries

  package init(queries: any Queries) { self.queries = queries }

  /// With `reading`, `forwarded` is what it says now. Throws `message_not_found`, and then
  /// `message_recalled`.
  package func find(_ name: MessageName, reading: MessageReading?) async throws(DaybookError)
    -> FoundMessage
  {
    var found = try await place(name)
    if let reading { found.forwarded = try await read(name, found, reading.visible) }
    return found
  }

  private func place(_ name: MessageName) async throws(DaybookError) -> FoundMessage {
    if let group = name.conversation.groupID {
      let entry = try await entry(name.id, in: ConversationKey(group: group))
      guard let entry else { throw name.notFound }
      var found = FoundMessage(
        stream: name.conversation, seq: entry.seq, author: entry.author, sentAt: entry.recordedAt,
        shownSeq: entry.seq, isExpired: entry.isExpired)
      found.receipts = entry.receipts
      return found
    }
    guard let user = name.user, let peer = name.conversation.userID else { throw name.notFound }
    if let entry = try await entry(name.id, in: ConversationKey(mailbox: user, peer: peer)) {
      guard let receiver = entry.copiedTo else {
        return FoundMessage(
          stream: .user(user), seq: entry.seq, author: entry.author, sentAt: entry.recordedAt,
          shownSeq: entry.seq, isExpired: entry.isExpired)
      }
      // A copy may be much later than what it is a copy of. What older servers have withheld is found
      // by nothing else.
      var found =
        try await original(of: name, from: user, to: receiver)
        ?? FoundMessage(
          stream: .user(receiver), seq: .none, author: user, sentAt: entry.recordedAt,
          shownSeq: .none)
      (found.shownSeq, found.isExpired) = (entry.seq, entry.isExpired)
      return found
    }
    // The user's copy of an own message may still be on its way.
    guard let found = try await original(of: name, from: user, to: peer) else {
      throw name.notFound
    }
    return found
  }

  /// Where an own message was sent to: in the receiver's mailbox, or withheld there.
  private func original(
    of name: MessageName, from user: UserID, to receiver: UserID
  ) async throws(DaybookError) -> FoundMessage? {
    let conversation = ConversationKey(mailbox: receiver, peer: user)
    if let sent = try await entry(name.id, in: conversation) {
      guard sent.copiedTo == nil, sent.author == user else { return nil }
      return FoundMessage(
        stream: .user(receiver), seq: sent.seq, author: user, sentAt: sent.recordedAt,
        shownSeq: .none, isExpired: sent.isExpired)
    }
    guard let withheld = try await withheld(name.id, from: receiver), withheld.actor.user == user
    else { return nil }
    return FoundMessage(
      stream: .user(receiver), seq: .none, author: user, sentAt: withheld.recordedAt,
      shownSeq: .none)
  }

  private func withheld(_ id: MessageID, from receiver: UserID) async throws(DaybookError) -> Event?
  {
    guard id != .none, let stored = try await queries.withheld(id, from: receiver)
    else { return nil }
    return try EventDecoding.decode(stored.bytes)
  }

  /// A message in one stream, or what stands there in its place.
  private struct Entry {
    var seq: Seq
    var author: UserID
    var recordedAt: Timestamp
    /// Set in a copy.
    var copiedTo: UserID?
    var isExpired = false
    var receipts = StatedReceipts.unstated
  }

  private func entry(
    _ id: MessageID, in conversation: ConversationKey
  ) async throws(DaybookError) -> Entry? {
    guard id != .none, let stored = try await queries.message(id, in: conversation)
    else { return nil }
    let event = try EventDecoding.decode(stored.bytes)
    guard let author = event.actor.user else { return nil }
    var entry = Entry(seq: event.seq, author: author, recordedAt: event.recordedAt)
    switch event.body {
    case .messageSent(let message): entry.receipts = message.receipts
    case .messageCopied(_, let to, _): entry.copiedTo = to
    case .messageTombstone(let tombstone) where !tombstone.isEdit:
      entry.copiedTo = tombstone.to
      entry.isExpired = tombstone.by == nil
    default: return nil
    }
    return entry
  }

  /// From where it was sent to, for there an edit or a recall stands as soon as it is durable.
  private func read(
    _ name: MessageName, _ found: FoundMessage, _ visible: [SeqInterval]?
  ) async throws(DaybookError) -> Message {
    guard name.conversation.userID != nil else {
      let group = ConversationKey(stream: name.conversation, peer: nil)
      return try await said(name, found, in: group, visible).message
    }
    let there =
      found.seq == .none
      ? nil
      : try await said(
        name, found, in: ConversationKey(stream: found.stream, peer: found.author), nil)
    guard let user = name.user, let peer = name.conversation.userID, found.stream != .user(user)
    else {
      guard let there else { throw name.notFound }
      return there.message
    }
    // Of what was withheld from the other side, only the own copy knows.
    let own = ConversationKey(mailbox: user, peer: peer)
    if found.shownSeq != .none {
      let copy = try await said(name, found, in: own, nil)
      return if let there, there.edits >= copy.edits { there.message } else { copy.message }
    }
    if let there { return there.message }
    guard let withheld = try await withheld(name.id, from: peer),
      case .messageWithheld(let message) = withheld.body
    else { throw name.notFound }
    return forward(of: message, saying: message.content, withheld, found)
  }

  private func said(
    _ name: MessageName, _ found: FoundMessage, in conversation: ConversationKey,
    _ visible: [SeqInterval]?
  ) async throws(DaybookError) -> (message: Message, edits: Int) {
    let page = try await queries.history(
      of: conversation, before: MessageID(name.id.rawValue + 1), limit: 1,
      bytesMax: Limits.pageBytesMax, visible: visible,
      through: nil, reader: nil)
    guard let stored = page.messages.last else { throw name.notFound }
    let event = try EventDecoding.decode(stored.bytes)
    guard event.messageID == name.id else { throw name.notFound }
    let message: Message
    switch event.body {
    case .messageSent(let sent), .messageCopied(let sent, _, _): message = sent
    default:
      throw name.gone
    }
    let amendments = page.amendments.first { $0.messageID == name.id }
    var content = message.content
    if let bytes = amendments?.edit,
      case .messageEdited(_, let edited) = try EventDecoding.decode(bytes).body
    {
      content = edited
    }
    return (forward(of: message, saying: content, event, found), amendments?.edits ?? 0)
  }

  private func forward(
    of message: Message, saying content: ByteBuffer, _ event: Event, _ found: FoundMessage
  ) -> Message {
    let first = Forwarded(
      messageID: event.messageID, user: found.author, recordedAt: event.recordedAt)
    return Message(
      content: content,
      extras: MessageExtras(forwarded: message.extras?.forwarded ?? first))
  }
}
