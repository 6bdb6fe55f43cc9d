import DaybookModel
import Ports

@testable import Projections

/// What the answers must be, found by going through all events of the streams concerned each
/// time: slow, and too plain to be wrong in the same way.
struct ReferenceModel {
  let events: [Event]

  func inStream(_ stream: StreamKey) -> [Event] { events.filter { $0.stream == stream } }

  // MARK: Unread

  func unread(of user: UserID, users: [UserID], groups: [GroupID]) -> [String: UInt64] {
    var counts: [String: UInt64] = [:]
    for peer in users where peer != user {
      counts["user/\(peer)"] = directUnread(of: user, peer)
    }
    for group in groups { counts["group/\(group)"] = groupUnread(of: user, group) }
    return counts.filter { $0.value > 0 }
  }

  private func directUnread(of user: UserID, _ peer: UserID) -> UInt64 {
    let mailbox = inStream(.user(user))
    var position = Seq.none
    for event in mailbox {
      if case .read(let read?, let upTo) = event.body, read == peer {
        position = max(position, upTo)
      }
    }
    let unread = mailbox.filter {
      $0.kind == .messageSent && $0.actor.user == peer && $0.seq > position
    }
    return UInt64(unread.count)
  }

  private func groupUnread(of user: UserID, _ group: GroupID) -> UInt64 {
    let stream = inStream(.group(group))
    var position: Seq?
    for event in stream {
      switch event.body {
      case .groupCreated where event.actor.user == user: position = event.seq
      case .memberJoined(user): position = event.seq
      case .memberLeft(user): position = nil
      case .read(_, let upTo) where event.actor.user == user:
        position = position.map { max($0, upTo) }
      default: break
      }
    }
    guard let position else { return 0 }
    let unread = stream.filter {
      $0.kind == .messageSent && $0.actor.user != user && $0.seq > position
    }
    return UInt64(unread.count)
  }

  // MARK: Offline

  func stays(of user: UserID, _ group: GroupID) -> [SeqInterval] {
    var stays: [SeqInterval] = []
    for event in inStream(.group(group)) {
      switch event.body {
      case .groupCreated where event.actor.user == user:
        stays.append(SeqInterval(first: event.seq, last: nil))
      case .memberJoined(user): stays.append(SeqInterval(first: event.seq, last: nil))
      case .memberLeft(user): stays[stays.count - 1].last = event.seq
      default: break
      }
    }
    return stays
  }

  func members(of group: GroupID, users: [UserID]) -> [UserID] {
    users.filter { user in
      stays(of: user, group).last.map { $0.last == nil } ?? false
    }.sorted()
  }

  private func cursor(_ stream: StreamKey, _ user: UserID, _ device: DeviceID) -> Seq? {
    var cursor: Seq?
    for event in inStream(stream) where event.actor == Actor(user: user, device: device) {
      switch event.body {
      case .acked(let upTo, _): cursor = max(cursor ?? .none, upTo)
      case .cursorOpened(let at): cursor = max(cursor ?? .none, at)
      default: break
      }
    }
    return cursor
  }

  /// Nil for a device that never followed anything.
  func offline(
    _ user: UserID, _ device: DeviceID, groups: [GroupID]
  ) -> [OfflineStream]? {
    let isKnown = events.contains {
      ($0.kind == .acked || $0.kind == .cursorOpened)
        && $0.actor == Actor(user: user, device: device)
    }
    guard isKnown else { return nil }
    let everything = [SeqInterval(first: Seq(1), last: nil)]
    var streams = [
      offline(.user(user), cursor(.user(user), user, device) ?? .none, everything)
    ]
    for group in groups.sorted() {
      let stays = stays(of: user, group)
      guard let current = stays.last, current.last == nil else { continue }
      let start = Seq(current.first.rawValue - 1)
      streams.append(
        offline(.group(group), cursor(.group(group), user, device) ?? start, stays))
    }
    return streams
  }

  private func offline(
    _ stream: StreamKey, _ cursor: Seq, _ visible: [SeqInterval]
  ) -> OfflineStream {
    let seqs = inStream(stream).map(\.seq).filter { $0 > .none }
    let pending = seqs.filter { seq in seq > cursor && visible.contains { $0.contains(seq) } }
    return OfflineStream(
      stream: stream, head: seqs.max() ?? .none, cursor: cursor, pending: UInt64(pending.count))
  }

  // MARK: History

  func messages(of conversation: ConversationKey) -> [Event] {
    inStream(conversation.stream).filter { $0.conversation == conversation }
      .sorted { $0.messageID < $1.messageID }
  }
}
