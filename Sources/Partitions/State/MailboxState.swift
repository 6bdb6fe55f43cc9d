import DaybookModel

/// What decisions about one mailbox need to know.
package struct MailboxState: Sendable, Equatable {
  package var head = Seq.none
  package var devices: [DeviceCursor] = []
  /// The highest ack of any device: up to here, messages are delivered.
  package var delivered = Seq.none
  package var peers: [PeerState] = []
  private var peerIndex: [UserID: Int] = [:]
  /// Indexes of peers with messages past `delivered`.
  package var undelivered: [Int] = []
  /// Groups that the owner is a member of, in order of joining.
  package var groups: [GroupID] = []

  package init() {}

  package struct PeerState: Sendable, Equatable {
    package var user: UserID
    /// Of the peer's messages in this mailbox.
    package var lastMessage = Seq.none
    /// How far the owner has read this conversation.
    package var read = Seq.none
    /// No message of the peer before it is undelivered; none if nothing is.
    package var firstUndelivered = Seq.none

    package init(user: UserID) { self.user = user }
  }

  package func peer(_ user: UserID) -> PeerState? { peerIndex[user].map { peers[$0] } }

  package mutating func indexOfPeer(_ user: UserID) -> Int {
    if let index = peerIndex[user] { return index }
    peers.append(PeerState(user: user))
    peerIndex[user] = peers.count - 1
    return peers.count - 1
  }

  package func cursor(of device: DeviceID) -> Seq? {
    devices.first { $0.device == device }?.cursor
  }

  /// Senders with messages that an ack up to `seq` is the first to cover.
  package func senders(newlyDeliveredBy seq: Seq) -> [UserID] {
    guard seq > delivered else { return [] }
    return undelivered.filter { peers[$0].firstUndelivered <= seq }.map { peers[$0].user }
  }

  /// The seq before the first unread message, at most `newDeviceBacklogMax` back; the first
  /// device of a user begins at the beginning.
  package var cursorOfNewDevice: Seq {
    if devices.isEmpty { return .none }
    let backlog = Limits.newDeviceBacklogMax
    let floor = head.rawValue > backlog ? head.rawValue - backlog : 0
    let unread = peers.filter { $0.lastMessage > $0.read }.map { $0.read.rawValue }.min()
    return Seq(max(floor, unread ?? head.rawValue))
  }

  // MARK: evolve

  package mutating func received(from user: UserID, seq: Seq) {
    let index = indexOfPeer(user)
    peers[index].lastMessage = seq
    if peers[index].firstUndelivered == .none {
      peers[index].firstUndelivered = seq
      undelivered.append(index)
    }
  }

  package mutating func acked(_ device: DeviceID, upTo seq: Seq) {
    devices.move(device, to: seq)
    guard seq > delivered else { return }
    delivered = seq
    undelivered.removeAll { index in
      // Of a peer with messages on both sides of the ack only the bound is known: a later ack
      // may tell the sender again what was true before, and never what isn't.
      let rest = peers[index].lastMessage > seq
      if peers[index].firstUndelivered <= seq {
        peers[index].firstUndelivered = rest ? seq.next : .none
      }
      return !rest
    }
  }

  package mutating func hasRead(_ user: UserID, upTo seq: Seq) {
    let index = indexOfPeer(user)
    peers[index].read = max(peers[index].read, seq)
  }

  /// For a snapshot, which holds the peers but not what follows from them.
  package mutating func indexPeers() {
    peerIndex = Dictionary(uniqueKeysWithValues: peers.enumerated().map { ($1.user, $0) })
    undelivered = peers.indices.filter { peers[$0].firstUndelivered != .none }
  }
}

package struct DeviceCursor: Sendable, Equatable {
  package var device: DeviceID
  package var cursor: Seq

  package init(device: DeviceID, cursor: Seq) {
    self.device = device
    self.cursor = cursor
  }
}

extension [DeviceCursor] {
  package mutating func move(_ device: DeviceID, to cursor: Seq) {
    if let index = firstIndex(where: { $0.device == device }) {
      self[index].cursor = Swift.max(self[index].cursor, cursor)
    } else {
      append(DeviceCursor(device: device, cursor: cursor))
    }
  }
}
