import DaybookModel
import DaybookSchema
import NIOCore
import Ports

/// Events of one stream as they may be shown now: in place of what was recalled or has expired
/// stands a tombstone. Blocking.
struct Tombstones {
  let log: any SearchableLog
  let stream: StreamKey
  let now: Timestamp

  /// What became of the messages among `events`, and of those that are edited there, with about
  /// `editBytesMax` bytes of edits.
  func amendments(
    of events: [Event], visible: [SeqInterval]? = nil, editBytesMax: Int? = nil
  ) throws(DaybookError) -> Amendments {
    var ids: [MessageID] = []
    for event in events where event.kind.isMessage || event.kind == .messageEdited {
      ids.append(event.messageID)
    }
    guard !ids.isEmpty else { return Amendments() }
    return try AmendmentSearch(
      log: log, stream: stream, visible: visible, editBytesMax: editBytesMax
    ).amendments(of: Set(ids).sorted())
  }

  /// For each of the events the bytes to show in its place; nil where it is shown as it is.
  func replacements(
    _ events: [Event], _ amendments: [MessageID: Amendment]
  ) throws(DaybookError) -> [ByteBuffer?] {
    var expiries = Expiries(log: log, stream: stream, among: events)
    var replacements: [ByteBuffer?] = []
    replacements.reserveCapacity(events.count)
    for event in events {
      replacements.append(try replacement(for: event, amendments, &expiries))
    }
    return replacements
  }

  private func replacement(
    for event: borrowing Event, _ amendments: [MessageID: Amendment], _ expiries: inout Expiries
  ) throws(DaybookError) -> ByteBuffer? {
    let expiresAt: Timestamp
    if case .recalled(let user, let at) = amendments[event.messageID] {
      return tombstone(for: event, by: user, at: at)
    }
    switch event.body {
    case .messageSent(let message), .messageCopied(let message, _, _):
      expiresAt = message.extras?.expiresAt ?? .none
    case .messageEdited(let target, _):
      expiresAt = try expiries.expiry(of: event.messageID, with: target.peer)
    default: return nil
    }
    guard expiresAt != .none, expiresAt <= now else { return nil }
    return tombstone(for: event, by: nil, at: expiresAt)
  }

  /// Nil for what no tombstone can stand for.
  private func tombstone(
    for event: borrowing Event, by user: UserID?, at: Timestamp
  ) -> ByteBuffer? {
    var body = MessageTombstone(by: user, at: at)
    switch event.body {
    case .messageSent(let message):
      (body.clientTime, body.senderName) = (message.clientTime, message.senderName)
    case .messageCopied(let message, let to, let peerSeq):
      (body.to, body.peerSeq) = (to, peerSeq)
      (body.clientTime, body.senderName) = (message.clientTime, message.senderName)
    case .messageEdited(let target, _): (body.isEdit, body.to) = (true, target.peer)
    default: return nil
    }
    return EventEncoding.encode(
      Event(
        stream: event.stream, seq: event.seq, messageID: event.messageID,
        recordedAt: event.recordedAt, actor: event.actor, body: .messageTombstone(body)))
  }
}

/// When messages expire whose edits are to be shown: an edit doesn't say so itself.
private struct Expiries {
  private let log: any SearchableLog
  private let stream: StreamKey
  private var known: [MessageID: Timestamp] = [:]

  init(log: any SearchableLog, stream: StreamKey, among events: [Event]) {
    self.log = log
    self.stream = stream
    guard events.contains(where: { $0.kind == .messageEdited }) else { return }
    for event in events { learn(event) }
  }

  private mutating func learn(_ event: borrowing Event) {
    switch event.body {
    case .messageSent(let message), .messageCopied(let message, _, _):
      known[event.messageID] = message.extras?.expiresAt ?? Timestamp.none
    default: break
    }
  }

  mutating func expiry(of id: MessageID, with peer: UserID?) throws(DaybookError) -> Timestamp {
    if let expiry = known[id] { return expiry }
    let conversation = ConversationKey(stream: stream, peer: peer)
    // Where it isn't found, it isn't looked for again.
    known[id] = Timestamp.none
    if let found = try MessageSearch(log: log, conversation: conversation).message(id) {
      learn(found.event)
    }
    return known[id] ?? Timestamp.none
  }
}
