import DaybookModel

/// What decisions about one mailbox need to know.
package struct MailboxState: Sendable, Equatable {
  package var head = Seq.none
  package var devices: [DeviceCursor] = []
  package var peers: [PeerState] = []
  private var peerIndex: [UserID: Int] = [:]
  /// Indexes of peers with messages that no device has acked.
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
    /// No message of the peer before it is unread; none if nothing is.
    package var firstUnread = Seq.none
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

  /// Senders with messages that an ack up to `seq` is the first to cover; of very many, some are
  /// left for the next ack.
  package func senders(newlyDeliveredBy seq: Seq) -> [UserID] {
    var senders: [UserID] = []
    for index in undelivered where peers[index].firstUndelivered <= seq {
      if senders.count == Limits.ackSendersMax { break }
      senders.append(peers[index].user)
    }
    return senders
  }

  /// The seq before the first unread message, at most `newDeviceBacklogMax` back; the first
  /// device of a user begins at the beginning.
  package var cursorOfNewDevice: Seq {
    if devices.isEmpty { return .none }
    let backlog = Limits.newDeviceBacklogMax
    let floor = head.rawValue > backlog ? head.rawValue - backlog : 0
    let unread = peers.lazy.filter { $0.firstUnread != .none }.map { $0.firstUnread.rawValue - 1 }
    return Seq(max(floor, unread.min() ?? head.rawValue))
  }

  // MARK: evolve

  package mutating func received(from user: UserID, seq: Seq) {
    let index = indexOfPeer(user)
    peers[index].lastMessage = seq
    if peers[index].firstUnread == .none { peers[index].firstUnread = seq }
    if peers[index].firstUndelivered == .none {
      peers[index].firstUndelivered = seq
      undelivered.append(index)
    }
  }

  package mutating func acked(_ device: DeviceID, upTo seq: Seq, senders: [UserID]) {
    devices.move(device, to: seq)
    guard !senders.isEmpty else { return }
    for sender in senders {
      let index = indexOfPeer(sender)
      // Of a peer with messages on both sides of the ack only the bound is known: a later ack
      // may tell the sender again what was true before, and never what isn't.
      peers[index].firstUndelivered = peers[index].lastMessage > seq ? seq.next : .none
    }
    undelivered.removeAll { peers[$0].firstUndelivered == .none }
  }

  package mutating func hasRead(_ user: UserID, upTo seq: Seq) {
    let index = indexOfPeer(user)
    guard seq > peers[index].read else { return }
    peers[index].read = seq
    if peers[index].firstUnread <= seq {
      peers[index].firstUnread = peers[index].lastMessage > seq ? seq.next : .none
    }
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
