import DaybookModel
import DaybookSchema
import NIOCore
import Ports

@testable import Projections

/// What the answers must be, found by going through all events of the streams concerned each
/// time: slow, and too plain to be wrong in the same way.
struct ReferenceModel {
  private var streams: [StreamKey: [Event]] = [:]
  private(set) var groups: [GroupID] = []

  init(events: [Event] = []) { append(events) }

  mutating func append(_ events: [Event]) {
    for event in events {
      streams[event.stream, default: []].append(event)
      if event.kind == .groupCreated { groups = (groups + [event.stream.groupID!]).sorted() }
    }
  }

  var allStreams: [StreamKey] { Array(streams.keys) }

  func inStream(_ stream: StreamKey) -> [Event] { streams[stream] ?? [] }

  // MARK: Unread

  /// Without marks.
  func unreadCounts(of user: UserID) -> [String: UInt64] {
    let unread = unread(of: user).filter { $0.unread > 0 }
    return Dictionary(uniqueKeysWithValues: unread.map { ("\($0.conversation)", $0.unread) })
  }

  func unread(of user: UserID) -> [UnreadCount] {
    let marks = marks(of: user)
    let writers = inStream(.user(user)).filter { $0.kind == .messageSent }.map { $0.actor.user! }
    let marked = marks.map(\.conversation)
    let peers = Set(writers + marked.compactMap(\.userID)).sorted()
    let groups = Set(groups + marked.compactMap(\.groupID)).sorted()
    var counts: [UnreadCount] = []
    for peer in peers {
      let key = ConversationKey(mailbox: user, peer: peer)
      let messages = peer == user ? [] : directUnread(of: user, peer)
      counts.append(count(key, messages, user, marks.first { $0.conversation == .user(peer) }))
    }
    for group in groups {
      let key = ConversationKey(group: group)
      let mark = marks.first { $0.conversation == .group(group) }
      counts.append(count(key, groupUnread(of: user, group), user, mark))
    }
    return counts.filter { $0.unread > 0 || $0.isMarked }
  }

  private func count(
    _ conversation: ConversationKey, _ messages: [Event], _ user: UserID,
    _ mark: MarkedConversation?
  ) -> UnreadCount {
    let mentions = messages.filter { event in
      guard case .messageSent(let message) = event.body, let extras = message.extras else {
        return false
      }
      let isEveryone = conversation.peer == nil && extras.mentionsEveryone
      return isEveryone || extras.mentions.contains(user)
    }
    return UnreadCount(
      conversation: conversation, unread: UInt64(messages.count),
      mentions: UInt64(mentions.count), isQuiet: mark?.marks.isQuiet ?? false,
      isMarked: mark?.marks.isUnread ?? false)
  }

  private func directUnread(of user: UserID, _ peer: UserID) -> [Event] {
    let mailbox = inStream(.user(user))
    var position = Seq.none
    for event in mailbox {
      switch event.body {
      case .read(peer?, let upTo, _), .conversationCleared(peer?, let upTo):
        position = max(position, upTo)
      default: break
      }
    }
    let recalled = recalled(in: mailbox)
    return mailbox.filter {
      $0.kind == .messageSent && $0.actor.user == peer && $0.seq > position
        && !recalled.contains($0.seq)
    }
  }

  private func recalled(in stream: [Event]) -> Set<Seq> {
    Set(
      stream.compactMap {
        if case .messageRecalled(let target) = $0.body { target.seq } else { nil }
      })
  }

  private func groupUnread(of user: UserID, _ group: GroupID) -> [Event] {
    let stream = inStream(.group(group))
    var position: Seq?
    var known = Seq.none
    for event in inStream(.user(user)) {
      if case .groupRead(group, let upTo, _) = event.body { known = max(known, upTo) }
    }
    for event in stream {
      switch event.body {
      case .groupCreated where event.actor.user == user: position = event.seq
      case .memberJoined(user, _, _): position = event.joinPosition
      case .memberLeft(user, _, _), .groupDissolved: position = nil
      case .read(_, let upTo, _) where event.actor.user == user,
        .conversationCleared(_, let upTo) where event.actor.user == user:
        position = position.map { max($0, upTo) }
      default: break
      }
    }
    guard let position else { return [] }
    let recalled = recalled(in: stream)
    return stream.filter {
      $0.kind == .messageSent && $0.actor.user != user && $0.seq > max(position, known)
        && !recalled.contains($0.seq)
    }
  }

  // MARK: Marks

  func marks(of user: UserID) -> [MarkedConversation] {
    var marks: [StreamKey: ConversationMarks] = [:]
    for event in inStream(.user(user)) {
      switch event.body {
      case .conversationMarked(let conversation, let all): marks[conversation] = all
      case .read(let peer?, _, _): marks[.user(peer)]?.isUnread = false
      case .groupRead(let group, _, _): marks[.group(group)]?.isUnread = false
      default: break
      }
    }
    return marks.filter { $0.value != .none }
      .map { MarkedConversation(conversation: $0.key, marks: $0.value) }
      .sorted { $0.conversation.text.utf8.lexicographicallyPrecedes($1.conversation.text.utf8) }
  }

  func blocked(by user: UserID) -> [UserID] {
    var blocked: Set<UserID> = []
    for event in inStream(.user(user)) {
      switch event.body {
      case .userBlocked(let peer): blocked.insert(peer)
      case .userUnblocked(let peer): blocked.remove(peer)
      default: break
      }
    }
    return blocked.sorted()
  }

  // MARK: Offline

  private func cursor(_ stream: StreamKey, _ user: UserID, _ device: DeviceID) -> Seq? {
    var cursor: Seq?
    for event in inStream(stream) where event.actor == Actor(user: user, device: device) {
      switch event.body {
      case .acked(let upTo, _, _): cursor = max(cursor ?? .none, upTo)
      case .cursorOpened(let at, _): cursor = at
      default: break
      }
    }
    return cursor
  }

  /// Nil for a device that never followed anything, or was forgotten.
  func offline(_ user: UserID, _ device: DeviceID) -> [OfflineStream]? {
    let own = cursor(.user(user), user, device)
    let isKnown = own != nil || groups.contains { cursor(.group($0), user, device) != nil }
    guard isKnown, !isForgotten(device, of: user) else { return nil }
    let everything = [SeqInterval(first: Seq(1), last: nil)]
    var streams = [offline(.user(user), own ?? .none, everything)]
    for group in groups {
      let stays = self.group(group).stays[user]?.map(\.seqs) ?? []
      guard let current = stays.last, current.last == nil else { continue }
      let start = Seq(current.first.rawValue - 1)
      let own = registration(.user(user), user, device)
      let there = registration(.group(group), user, device)
      let isSame = there == own || there == .none || own == .none
      let cursor = isSame ? cursor(.group(group), user, device) ?? start : start
      let gathered = gathered(group, user, device)
      streams.append(offline(.group(group), max(cursor, gathered), stays))
    }
    return streams
  }

  /// Which one the device was when it opened the stream the last time.
  private func registration(_ stream: StreamKey, _ user: UserID, _ device: DeviceID) -> Seq {
    var registration = Seq.none
    for event in inStream(stream) where event.actor == Actor(user: user, device: device) {
      if case .cursorOpened(_, let number) = event.body { registration = number }
    }
    return registration
  }

  /// What the mailbox has of a group, since it came to know the device the last time.
  private func gathered(_ group: GroupID, _ user: UserID, _ device: DeviceID) -> Seq {
    var cursor = Seq.none
    for event in inStream(.user(user)) where event.actor == Actor(user: user, device: device) {
      switch event.body {
      case .cursorOpened: cursor = .none
      case .groupCursors(let cursors):
        for position in cursors where position.group == group {
          cursor = max(cursor, position.upTo)
        }
      default: break
      }
    }
    return cursor
  }

  private func isForgotten(_ device: DeviceID, of user: UserID) -> Bool {
    var isForgotten = false
    for event in inStream(.user(user)) {
      if event.body == .deviceForgotten(device) { isForgotten = true }
      if event.kind == .cursorOpened, event.actor.device == device { isForgotten = false }
    }
    return isForgotten
  }

  private func offline(
    _ stream: StreamKey, _ cursor: Seq, _ visible: [SeqInterval]
  ) -> OfflineStream {
    let seqs = inStream(stream).map(\.seq).filter { $0 > .none }
    let pending = seqs.filter { seq in seq > cursor && visible.contains { $0.contains(seq) } }
    return OfflineStream(
      stream: stream, head: seqs.max() ?? .none, cursor: cursor, pending: UInt64(pending.count))
  }

  // MARK: Devices

  func devices(of user: UserID) -> [DeviceDetails] {
    let mailbox = inStream(.user(user))
    let devices = Set(mailbox.filter { $0.kind == .cursorOpened }.map { $0.actor.device! })
    return devices.sorted().map { device in
      // Since it came, or came again.
      let start = mailbox.lastIndex { $0.kind == .cursorOpened && $0.actor.device == device }!
      let own = mailbox[start...].filter { $0.actor.device == device }
      let opened = own.filter { $0.kind == .sessionOpened }
      let closed = own.filter { $0.kind == .sessionClosed }
      var (session, client, deviceClass) = ("", "", "")
      if case .sessionOpened(let last, let name, let kind)? = opened.last?.body {
        (session, client, deviceClass) = (last, name, kind)
      }
      let isClosed = closed.contains {
        if case .sessionClosed(session, _) = $0.body { true } else { false }
      }
      return DeviceDetails(
        device: device, cursor: cursor(.user(user), user, device)!,
        added: mailbox[start].recordedAt,
        sessionOpened: opened.last?.recordedAt ?? .none,
        sessionClosed: closed.last?.recordedAt ?? .none, sessions: UInt64(opened.count),
        isOpen: !opened.isEmpty && !isClosed, client: client,
        isForgotten: isForgotten(device, of: user), deviceClass: deviceClass)
    }
  }

  /// What was revoked before all were is told no more.
  func revocations(of user: UserID) -> [Revocation] {
    let all = inStream(.user(user)).compactMap { event in
      if case .tokensRevoked(let revoked) = event.body { revoked } else { nil }
    }
    return [false, true].flatMap { isOfService -> [Revocation] in
      let own = all.filter { $0.isOfService == isOfService }
      let last = own.lastIndex { $0.device == nil && $0.tokenID.isEmpty } ?? 0
      var kept: [Revocation] = []
      for revoked in own.dropFirst(last) {
        kept.removeAll { $0.device == revoked.device && $0.tokenID == revoked.tokenID }
        kept.append(revoked)
      }
      return kept
    }
  }

  func lastSeen(of user: UserID) -> Timestamp {
    let sessions = inStream(.user(user)).filter {
      $0.kind == .sessionOpened || $0.kind == .sessionClosed
    }
    return sessions.last?.recordedAt ?? .none
  }

  /// Nil for whom nobody knows.
  func details(of user: UserID) -> UserDetails? {
    guard let first = inStream(.user(user)).first else { return nil }
    return UserDetails(
      user: user, firstSeen: first.recordedAt, lastSeen: lastSeen(of: user),
      devices: devices(of: user), groups: groups.compactMap { group($0).membership(of: user) },
      blocked: blocked(by: user), marks: marks(of: user),
      revocations: revocations(of: user))
  }
}
