import DaybookModel
import DaybookSchema
import NIOCore
import Ports

/// A message as one of those who see it names it: by conversation and id.
struct MessageName: Sendable, Equatable {
  let id: MessageID
  /// `user/<peer>` or `group/<id>`.
  let conversation: StreamKey
  /// Whose conversation it is; nil for a service that asks about a group.
  let user: UserID?

  init(_ id: MessageID, in conversation: StreamKey, of user: UserID?) {
    self.id = id
    self.conversation = conversation
    self.user = user
  }

  var gone: DaybookError {
    DaybookError(.messageWasRecalled, "message \(id) was recalled, or was not to be kept")
  }

  var notFound: DaybookError {
    DaybookError(.messageNotFound, "\(conversation) has no message \(id)")
  }
}

/// Where a message is.
struct FoundMessage: Sendable {
  /// The stream that it was sent to, and its place there; no seq where it never came there.
  var stream: StreamKey
  var seq: Seq
  var author: UserID
  var sentAt: Timestamp
  /// Its seq where its reader sees it; none while the reader's copy is on its way.
  var shownSeq: Seq
  /// It was not to be kept for so long.
  var isExpired = false
  /// What a forward of it would send.
  var forwarded: Message?

  /// Throws `message_not_found` for what was withheld from its receiver.
  func reference(_ name: MessageName) throws(DaybookError) -> MessageReference {
    guard seq != .none else { throw name.notFound }
    return MessageReference(seq: seq, messageID: name.id, author: author, sentAt: sentAt)
  }
}

/// What somebody may see of a group's message, who is to read it: an edit that isn't shown to them
/// hasn't been. Nil: all.
struct MessageReading: Sendable, Equatable {
  var visible: [SeqInterval]?
}

/// Finds a message for whoever names it. The two sides of a direct conversation know it under
/// seqs of their own; what is done to it is done in the stream that it was sent to.
struct MessageResolver: Sendable {
  let queries: any Queries

  /// With `reading`, `forwarded` is what it says now. Throws `message_not_found`, and then
  /// `message_recalled`.
  func find(_ name: MessageName, reading: MessageReading?) async throws -> FoundMessage {
    var found = try await place(name)
    if let reading { found.forwarded = try await read(name, found, reading.visible) }
    return found
  }

  private func place(_ name: MessageName) async throws -> FoundMessage {
    if let group = name.conversation.groupID {
      let entry = try await entry(name.id, in: ConversationKey(group: group))
      guard let entry else { throw name.notFound }
      return FoundMessage(
        stream: name.conversation, seq: entry.seq, author: entry.author, sentAt: entry.recordedAt,
        shownSeq: entry.seq, isExpired: entry.isExpired)
    }
    guard let user = name.user, let peer = name.conversation.userID else { throw name.notFound }
    if let entry = try await entry(name.id, in: ConversationKey(mailbox: user, peer: peer)) {
      guard let receiver = entry.copiedTo else {
        return FoundMessage(
          stream: .user(user), seq: entry.seq, author: entry.author, sentAt: entry.recordedAt,
          shownSeq: entry.seq, isExpired: entry.isExpired)
      }
      // A copy may be much later than what it is a copy of.
      let original = ConversationKey(mailbox: receiver, peer: user)
      let sent = entry.peerSeq == .none ? nil : try await self.entry(name.id, in: original)
      return FoundMessage(
        stream: .user(receiver), seq: entry.peerSeq, author: entry.author,
        sentAt: sent?.recordedAt ?? entry.recordedAt, shownSeq: entry.seq,
        isExpired: entry.isExpired)
    }
    // The user's copy of an own message may still be on its way.
    let original = try await entry(name.id, in: ConversationKey(mailbox: peer, peer: user))
    guard let original, original.copiedTo == nil, original.author == user else {
      throw name.notFound
    }
    return FoundMessage(
      stream: .user(peer), seq: original.seq, author: user, sentAt: original.recordedAt,
      shownSeq: .none, isExpired: original.isExpired)
  }

  /// A message in one stream, or what stands there in its place.
  private struct Entry {
    var seq: Seq
    var author: UserID
    var recordedAt: Timestamp
    /// Set in a copy.
    var copiedTo: UserID?
    var peerSeq = Seq.none
    var isExpired = false
  }

  private func entry(
    _ id: MessageID, in conversation: ConversationKey
  ) async throws -> Entry? {
    guard id != .none, let stored = try await queries.message(id, in: conversation)
    else { return nil }
    let event = try EventDecoding.decode(stored.bytes)
    guard let author = event.actor.user else { return nil }
    var entry = Entry(seq: event.seq, author: author, recordedAt: event.recordedAt)
    switch event.body {
    case .messageSent: break
    case .messageCopied(_, let to, let peerSeq): (entry.copiedTo, entry.peerSeq) = (to, peerSeq)
    case .messageTombstone(let tombstone) where !tombstone.isEdit:
      (entry.copiedTo, entry.peerSeq) = (tombstone.to, tombstone.peerSeq)
      entry.isExpired = tombstone.by == nil
    default: return nil
    }
    return entry
  }

  /// From where it was sent to, for there an edit or a recall stands as soon as it is durable.
  private func read(
    _ name: MessageName, _ found: FoundMessage, _ visible: [SeqInterval]?
  ) async throws -> Message {
    let page = try await queries.history(
      of: conversation(name, found), before: MessageID(name.id.rawValue + 1), limit: 1,
      bytesMax: Limits.pageBytesMax, visible: name.conversation.kind == .group ? visible : nil,
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
    var content = message.content
    if let bytes = page.amendments.first(where: { $0.messageID == name.id })?.edit,
      case .messageEdited(_, let edited) = try EventDecoding.decode(bytes).body
    {
      content = edited
    }
    let first = Forwarded(
      messageID: name.id, user: found.author, recordedAt: event.recordedAt)
    return Message(
      content: content,
      extras: MessageExtras(forwarded: message.extras?.forwarded ?? first))
  }

  private func conversation(_ name: MessageName, _ found: FoundMessage) -> ConversationKey {
    if let group = name.conversation.groupID { return ConversationKey(group: group) }
    if found.seq == .none, let user = name.user, let peer = name.conversation.userID {
      return ConversationKey(mailbox: user, peer: peer)
    }
    return ConversationKey(stream: found.stream, peer: found.author)
  }
}
