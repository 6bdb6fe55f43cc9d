import DaybookModel
import Ports

/// What decisions about one group need to know.
package struct GroupState: Sendable, Equatable {
  package var title: String
  package var head = Seq.none
  package var lastMessage = Seq.none
  /// Everyone who ever was a member.
  package var members: [UserID: MemberState] = [:]

  package init(title: String) { self.title = title }

  package struct MemberState: Sendable, Equatable {
    /// One interval a stay; the last is open while the user is a member.
    package var stays: [SeqInterval]
    package var read: Seq
    package var devices: [DeviceCursor] = []

    package init(stays: [SeqInterval], read: Seq) {
      self.stays = stays
      self.read = read
    }

    @inlinable
    package var isMember: Bool { stays[stays.count - 1].last == nil }

    package func cursor(of device: DeviceID) -> Seq? {
      devices.first { $0.device == device }?.cursor
    }

    /// The first device begins where the stay does; a further one at what is unread, at most
    /// `newDeviceBacklogMax` back.
    package func cursorOfNewDevice(head: Seq) -> Seq {
      let joined = Seq(stays[stays.count - 1].first.rawValue - 1)
      if devices.isEmpty { return joined }
      let backlog = Limits.newDeviceBacklogMax
      let floor = head.rawValue > backlog ? head.rawValue - backlog : 0
      return Seq(max(floor, joined.rawValue, min(read.rawValue, head.rawValue)))
    }
  }

  package func isMember(_ user: UserID) -> Bool { members[user]?.isMember ?? false }

  // MARK: evolve

  package mutating func joined(_ user: UserID, at seq: Seq) {
    let stay = SeqInterval(first: seq, last: nil)
    if members[user] == nil {
      members[user] = MemberState(stays: [stay], read: seq)
    } else {
      members[user]!.stays.append(stay)
      members[user]!.read = seq
    }
  }

  package mutating func left(_ user: UserID, at seq: Seq) {
    guard let stays = members[user]?.stays.count else { return }
    members[user]!.stays[stays - 1].last = seq
  }
}
