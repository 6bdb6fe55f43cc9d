package import DaybookModel
package import Ports

/// What an operator is told of a group, its members apart.
package struct GroupDetails: Sendable, Equatable {
  package let profile: GroupProfile
  package let creator: UserID
  package let createdAt: Timestamp
  /// None for one that exists.
  package let dissolvedAt: Timestamp
  /// In order of their ids' bytes, at most `requestsShownMax`.
  package let invited: [UserID]
}

/// From the join to the leave, both included; open where the user is still there.
package struct StayDetails: Sendable, Equatable {
  package let seqs: SeqInterval
  package let began: Timestamp
  /// None for one that is open.
  package let ended: Timestamp
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

  var profile: DeviceProfile {
    DeviceProfile(device: device, cursor: cursor, lastSeen: max(sessionOpened, sessionClosed))
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
}
