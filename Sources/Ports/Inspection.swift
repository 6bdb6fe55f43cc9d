package import DaybookModel

/// What an operator asks of the read models, for the command line: like `Queries`, what is answered
/// covers the log's head as of the call, and `projection_behind` is thrown where that takes too long.
package protocol Inspection: AnyObject, Sendable {
  /// Everyone who is a member, or was, in order of their ids' bytes, after `after`.
  func memberships(
    of group: GroupID, after: UserID?, limit: Int
  ) async throws(DaybookError) -> [MembershipDetails]

  /// All that is known of a user. Throws `unknown_user`.
  func userDetails(_ user: UserID) async throws(DaybookError) -> UserDetails

  /// Everybody whose mailbox has an event, in order of their ids' bytes, after `after`.
  func users(after: UserID?, limit: Int) async throws(DaybookError) -> [UserSummary]

  /// Every group, dissolved ones too, in order of their ids' bytes, after `after`.
  func groups(after: GroupID?, limit: Int) async throws(DaybookError) -> [GroupSummary]

  /// Every stream that clients are sent events of, in order of their names' bytes, after `after`.
  func streams(after: StreamKey?, limit: Int) async throws(DaybookError) -> [StreamSummary]

  /// The mailbox and each group that the user is in, with what waits there for the device.
  /// Throws `unknown_user`, `unknown_device`.
  func offline(
    user: UserID, device: DeviceID
  ) async throws(DaybookError) -> [OfflineStream]

  /// All conversations with unread messages, or marked as unread: peers first, then groups, by
  /// ascending bytes.
  func unread(of user: UserID) async throws(DaybookError) -> [UnreadCount]

  /// Returns when every read model holds what is durable now.
  func waitForHead() async throws(DaybookError)
}

/// What an operator is told of a group, its members apart.
package struct GroupDetails: Sendable, Equatable {
  package let profile: GroupProfile
  package let creator: UserID
  package let createdAt: Timestamp
  /// None for one that exists.
  package let dissolvedAt: Timestamp
  /// In order of their ids' bytes, at most `requestsShownMax`.
  package let invited: [UserID]

  package init(
    profile: GroupProfile, creator: UserID, createdAt: Timestamp, dissolvedAt: Timestamp,
    invited: [UserID]
  ) {
    self.profile = profile
    self.creator = creator
    self.createdAt = createdAt
    self.dissolvedAt = dissolvedAt
    self.invited = invited
  }
}

/// From the join to the leave, both included; open where the user is still there.
package struct StayDetails: Sendable, Equatable {
  package let seqs: SeqInterval
  package let began: Timestamp
  /// None for one that is open.
  package let ended: Timestamp

  package init(
    seqs: SeqInterval, began: Timestamp, ended: Timestamp
  ) {
    self.seqs = seqs
    self.began = began
    self.ended = ended
  }
}

/// What a user is in a group, or was.
package struct MembershipDetails: Sendable, Equatable {
  package let group: GroupID
  package let user: UserID
  /// Nil for who is no member now.
  package let role: Role?
  package let isSilenced: Bool
  /// Ascending; the last is open for a member.
  package let stays: [StayDetails]

  package init(
    group: GroupID, user: UserID, role: Role?, isSilenced: Bool, stays: [StayDetails]
  ) {
    self.group = group
    self.user = user
    self.role = role
    self.isSilenced = isSilenced
    self.stays = stays
  }
}

package struct DeviceDetails: Sendable, Equatable {
  package let device: DeviceID
  /// How far it has acked the mailbox.
  package let cursor: Seq
  /// When it first came; of one that was forgotten and came again, the last time.
  package let added: Timestamp
  /// Of the last sessions; none if there never was one.
  package let sessionOpened: Timestamp
  package let sessionClosed: Timestamp
  package let sessions: UInt64
  package let isOpen: Bool
  /// What its last client called itself.
  package let client: String
  package let isForgotten: Bool
  /// What its last token called it; empty where that said nothing.
  package let deviceClass: String

  package init(
    device: DeviceID, cursor: Seq, added: Timestamp, sessionOpened: Timestamp,
    sessionClosed: Timestamp, sessions: UInt64, isOpen: Bool, client: String, isForgotten: Bool,
    deviceClass: String = ""
  ) {
    self.device = device
    self.cursor = cursor
    self.added = added
    self.sessionOpened = sessionOpened
    self.sessionClosed = sessionClosed
    self.sessions = sessions
    self.isOpen = isOpen
    self.client = client
    self.isForgotten = isForgotten
    self.deviceClass = deviceClass
  }

  package var profile: DeviceProfile {
    DeviceProfile(
      device: device, cursor: cursor, lastSeen: max(sessionOpened, sessionClosed),
      deviceClass: deviceClass)
  }
}

package struct UserDetails: Sendable, Equatable {
  package let user: UserID
  /// The first event of the mailbox.
  package let firstSeen: Timestamp
  /// When the last session began or ended; none if there never was one.
  package let lastSeen: Timestamp
  package let devices: [DeviceDetails]
  /// Every group that the user is in, or was, in order of their names' bytes.
  package let groups: [MembershipDetails]
  package let blocked: [UserID]
  package let marks: [MarkedConversation]
  /// Tokens of the user that are void, then those of the service of that name.
  package let revocations: [Revocation]

  package init(
    user: UserID, firstSeen: Timestamp, lastSeen: Timestamp, devices: [DeviceDetails],
    groups: [MembershipDetails], blocked: [UserID], marks: [MarkedConversation],
    revocations: [Revocation] = []
  ) {
    self.user = user
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.devices = devices
    self.groups = groups
    self.blocked = blocked
    self.marks = marks
    self.revocations = revocations
  }
}

/// What waits for a device in one stream.
package struct OfflineStream: Sendable, Equatable {
  package let stream: StreamKey
  package let head: Seq
  package let cursor: Seq
  /// Seqs past the cursor that the user may see.
  package let pending: UInt64

  package init(stream: StreamKey, head: Seq, cursor: Seq, pending: UInt64) {
    self.stream = stream
    self.head = head
    self.cursor = cursor
    self.pending = pending
  }
}
