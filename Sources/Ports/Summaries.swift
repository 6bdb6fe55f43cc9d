package import DaybookModel

/// A line of a list of users.
package struct UserSummary: Sendable, Equatable {
  package let user: UserID
  /// The first event of the mailbox.
  package let firstSeen: Timestamp
  /// When the last session began or ended; none if there never was one.
  package let lastSeen: Timestamp
  /// Those that were not forgotten.
  package let devices: UInt64

  package init(user: UserID, firstSeen: Timestamp, lastSeen: Timestamp, devices: UInt64) {
    self.user = user
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.devices = devices
  }
}

/// A line of a list of groups.
package struct GroupSummary: Sendable, Equatable {
  package let group: GroupID
  package let title: String
  package let joinPolicy: JoinPolicy
  /// Of a dissolved group none.
  package let members: UInt64
  package let createdAt: Timestamp
  /// None for one that exists.
  package let dissolvedAt: Timestamp

  package init(
    group: GroupID, title: String, joinPolicy: JoinPolicy, members: UInt64, createdAt: Timestamp,
    dissolvedAt: Timestamp
  ) {
    self.group = group
    self.title = title
    self.joinPolicy = joinPolicy
    self.members = members
    self.createdAt = createdAt
    self.dissolvedAt = dissolvedAt
  }
}

/// A line of a list of streams.
package struct StreamSummary: Sendable, Equatable {
  package let stream: StreamKey
  package let partition: PartitionID
  /// The seq of its last event that clients are sent.
  package let head: Seq

  package init(stream: StreamKey, partition: PartitionID, head: Seq) {
    self.stream = stream
    self.partition = partition
    self.head = head
  }
}
