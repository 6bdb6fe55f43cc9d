package import DaybookModel

extension DaybookError {
  /// Who knows a position past the head has seen a log that this one has lost.
  package static func ackPastHead(_ stream: StreamKey, _ seq: Seq, _ head: Seq) -> DaybookError {
    DaybookError(
      .logRolledBack,
      "\(stream) ends at seq \(head), but \(seq) was acked: the data folder was rolled back, "
        + "or the ack is of another server")
  }
}

/// How far a device and its user have come in one group, as the user's mailbox has it.
package struct GroupReached: Sendable, Equatable {
  package var cursor: Seq
  package var read: Seq

  package init(cursor: Seq = .none, read: Seq = .none) {
    self.cursor = cursor
    self.read = read
  }
}

/// The same of all groups.
package struct GroupsReached: Sendable, Equatable {
  package var cursors: GroupPositions
  package var reads: GroupPositions

  package init(
    cursors: GroupPositions = GroupPositions(), reads: GroupPositions = GroupPositions()
  ) {
    self.cursors = cursors
    self.reads = reads
  }

  package subscript(group: GroupID) -> GroupReached {
    GroupReached(cursor: cursors[group], read: reads[group])
  }
}

/// What a group's owner knows that bears on how far somebody may read it, and on who is told.
package struct GroupReading: Sendable, Equatable {
  package var lastMessage: Seq
  /// Up to where the group's own stream says that the user has read or cleared it.
  package var seen: Seq
  /// Of what the group's stream doesn't know to be read, some has receipts: it is to be told.
  package var tells: Bool

  package init(lastMessage: Seq = .none, seen: Seq = .none, tells: Bool = false) {
    self.lastMessage = lastMessage
    self.seen = seen
    self.tells = tells
  }
}
