package import DaybookModel

/// What decisions about one mailbox need to know.
package struct MailboxState: Sendable, Equatable {
  package var head = Seq.none
  package var devices: [DeviceCursor] = []
  package var peers: [PeerState] = []
  /// Of many peers alone.
  private var peerIndex: [UserID: Int] = [:]
  /// Indexes of peers with messages that no device has acked, ascending.
  package var undelivered: [Int] = []
  /// Groups that the owner is a member of, in order of joining.
  package var groups: [GroupID] = []
  /// Whom the owner has blocked, by ascending bytes.
  package private(set) var blocked: [UserID] = []
  /// Only conversations that are marked in any way.
  package private(set) var marks: [StreamKey: ConversationMarks] = [:]
  /// How far the owner has read groups, or cleared them.
  package var groupReads = GroupPositions()
  package var amended = AmendedMemory()
  /// Tokens that are void.
  package var revocations = Revocations()

  package init() {}

  package struct PeerState: Sendable, Equatable {
    package let user: UserID
    /// Of the peer's messages in this mailbox.
    package var lastMessage = Seq.none
    /// How far the owner has read this conversation.
    package var read = Seq.none
    /// No message of the peer before it is unread; none if nothing is.
    package var firstUnread = Seq.none
    /// No message of the peer before it is undelivered; none if nothing is.
    package var firstUndelivered = Seq.none
    /// Nothing of this conversation up to it is shown to the owner any more.
    package var cleared = Seq.none
    /// The owner has written to the peer.
    package var isContact = false
    /// The peer's messages that are unread or undelivered, so that notices can name them.
    package var pending = PendingMessages()

    package init(user: UserID) { self.user = user }

    /// What an ack up to `seq` by a device that began at `opened` delivers, if it is the first to cover
    /// any of it.
    func delivered(by seq: Seq, from opened: Seq) -> DeliveredSender? {
      guard firstUndelivered != .none, firstUndelivered <= seq,
        let last = pending.last(upTo: seq), last.seq >= firstUndelivered, last.seq > opened
      else { return nil }
      let before = pending.last(upTo: opened).flatMap { $0.seq >= firstUndelivered ? $0.id : nil }
      return DeliveredSender(user, lastMessage: last.id, after: before ?? .none)
    }

    fileprivate mutating func forgetSettled() {
      switch (firstUnread, firstUndelivered) {
      case (.none, .none): pending.removeAll()
      case (.none, let first), (let first, .none): pending.remove(before: first)
      case (let unread, let undelivered): pending.remove(before: min(unread, undelivered))
      }
    }
  }

  /// About what it takes besides itself, `amended` apart. Of many peers those at the end stand for all.
  var heapBytes: Int {
    let some = peers.suffix(MailboxState.unindexedPeersMax)
    let pending = some.reduce(0) { $0 + $1.user.heapBytes + $1.pending.entries.heapBytes }
    let groupsOfDevices = devices.reduce(0) { $0 + $1.groups.entries.heapBytes }
    return devices.heapBytes + groupsOfDevices + peers.heapBytes + peerIndex.heapBytes
      + pending * peers.count / max(1, some.count) + undelivered.heapBytes + groups.heapBytes
      + blocked.heapBytes + marks.heapBytes + groupReads.entries.heapBytes
  }

  /// Up to so many are found as quickly one by one.
  private static let unindexedPeersMax = 16

  private func index(of user: UserID) -> Int? {
    peers.count <= MailboxState.unindexedPeersMax
      ? peers.firstIndex { $0.user == user } : peerIndex[user]
  }

  package func peer(_ user: UserID) -> PeerState? { index(of: user).map { peers[$0] } }

  package mutating func indexOfPeer(_ user: UserID) -> Int {
    if let index = index(of: user) { return index }
    peers.append(PeerState(user: user))
    if peers.count == MailboxState.unindexedPeersMax + 1 {
      indexPeers()
    } else if peers.count > MailboxState.unindexedPeersMax {
      peerIndex[user] = peers.count - 1
    }
    return peers.count - 1
  }

  private mutating func indexPeers() {
    guard peers.count > MailboxState.unindexedPeersMax else { return }
    for (index, peer) in peers.enumerated() { peerIndex[peer.user] = index }
  }

  package func hasBlocked(_ user: UserID) -> Bool {
    guard !blocked.isEmpty else { return false }
    let at = placeOfBlocked(user)
    return at < blocked.count && blocked[at] == user
  }

  /// First index whose user does not come before `user`.
  private func placeOfBlocked(_ user: UserID) -> Int {
    var low = 0
    var high = blocked.count
    while low < high {
      let middle = (low + high) / 2
      if blocked[middle] < user { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Senders with messages that an ack up to `seq` is the first to cover; of very many, some are
  /// left for the next ack. Whoever is blocked is told nothing.
  package func senders(newlyDeliveredBy seq: Seq, from opened: Seq) -> [DeliveredSender] {
    var senders: [DeliveredSender] = []
    for index in undelivered {
      guard let sender = peers[index].delivered(by: seq, from: opened),
        !hasBlocked(sender.user)
      else { continue }
      if senders.count == Limits.ackSendersMax { break }
      senders.append(sender)
    }
    return senders
  }

  /// What a read of the conversation up to `seq` tells the peer.
  func notice(ofRead seq: Seq, from peer: PeerState) -> ReadNotice {
    guard !hasBlocked(peer.user), let last = peer.pending.last(upTo: seq) else { return .nobody }
    return .upTo(last.id)
  }

  /// The seq before the first unread message, at most `back` events back.
  package func cursorOfNewDevice(back: UInt64) -> Seq {
    let floor = head.rawValue > back ? head.rawValue - back : 0
    let unread = peers.lazy.filter { $0.firstUnread != .none }.map { $0.firstUnread.rawValue - 1 }
    return Seq(max(floor, unread.min() ?? head.rawValue))
  }

  // MARK: evolve

  package mutating func received(_ id: MessageID, from user: UserID, seq: Seq) {
    let index = indexOfPeer(user)
    peers[index].lastMessage = seq
    peers[index].pending.append(seq, id)
    if peers[index].firstUnread == .none { peers[index].firstUnread = seq }
    if peers[index].firstUndelivered == .none {
      peers[index].firstUndelivered = seq
      let at = undelivered.lastIndex { $0 < index }.map { $0 + 1 } ?? 0
      undelivered.insert(index, at: at)
    }
  }

  package mutating func acked(_ device: DeviceID, upTo seq: Seq, senders: [DeliveredSender]) {
    devices.acked(device, upTo: seq)
    guard !senders.isEmpty else { return }
    for sender in senders {
      let index = indexOfPeer(sender.user)
      // Of a peer with messages on both sides of the ack only the bound is kept.
      peers[index].firstUndelivered = peers[index].lastMessage > seq ? seq.next : .none
      peers[index].forgetSettled()
    }
    undelivered.removeAll { peers[$0].firstUndelivered == .none }
  }

  package mutating func hasRead(_ user: UserID, upTo seq: Seq) {
    let index = indexOfPeer(user)
    guard seq > peers[index].read else { return }
    peers[index].read = seq
    settle(index, readUpTo: seq)
  }

  private mutating func settle(_ index: Int, readUpTo seq: Seq) {
    guard peers[index].firstUnread != .none, peers[index].firstUnread <= seq else { return }
    peers[index].firstUnread = peers[index].lastMessage > seq ? seq.next : .none
    peers[index].forgetSettled()
  }

  /// Counts as read for the owner's devices, and tells nobody.
  package mutating func cleared(_ user: UserID, upTo seq: Seq) {
    let index = indexOfPeer(user)
    guard seq > peers[index].cleared else { return }
    peers[index].cleared = seq
    settle(index, readUpTo: seq)
  }

  package mutating func wrote(to user: UserID) {
    peers[indexOfPeer(user)].isContact = true
  }

  package mutating func blocked(_ user: UserID, _ isBlocked: Bool) {
    let at = placeOfBlocked(user)
    let isKnown = at < blocked.count && blocked[at] == user
    if isBlocked, !isKnown { blocked.insert(user, at: at) }
    if !isBlocked, isKnown { blocked.remove(at: at) }
  }

  package mutating func heard(_ device: DeviceID?, at elapsed: UInt64) {
    guard let index = devices.firstIndex(where: { $0.device == device }) else { return }
    devices[index].active = elapsed
  }

  /// What is known of how far it was read and acked.
  package mutating func forget(_ group: GroupID) {
    groupReads.forget(group)
    for index in devices.indices { devices[index].groups.forget(group) }
  }

  package mutating func marked(_ conversation: StreamKey, _ marks: ConversationMarks) {
    self.marks[conversation] = marks == .none ? nil : marks
  }

  /// Whoever has read on no longer needs the reminder.
  package mutating func unmarkUnread(_ conversation: @autoclosure () -> StreamKey) {
    guard !marks.isEmpty else { return }
    let conversation = conversation()
    guard var marks = marks[conversation], marks.isUnread else { return }
    marks.isUnread = false
    marked(conversation, marks)
  }

  /// From a snapshot, which holds these but not what follows from them.
  package mutating func take(_ peers: [PeerState], blocked: [UserID]) {
    self.peers = peers
    self.blocked = blocked
    indexPeers()
    undelivered = peers.indices.filter { peers[$0].firstUndelivered != .none }
  }
}
