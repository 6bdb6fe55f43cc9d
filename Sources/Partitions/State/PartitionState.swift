package import DaybookModel
import Ports

/// The write side's state of one partition: a function of its events, everything in flight included.
package struct PartitionState: Sendable, Equatable {
  package let partition: PartitionID
  package var clock = MessageClock()
  package var recordedAt = Timestamp.none
  /// The time that counts where something expires: the steps between events, of an hour at most, so
  /// that a clock that was wrong makes nobody forgotten.
  package var elapsed: UInt64 = 0
  package var mailboxes: PagedTable<MailboxState>
  package var groups: PagedTable<GroupState>
  package var origins: OriginMemory
  let amendedBounds: AmendedMemory.Bounds
  /// The last effect taken from each source partition.
  package var sources: [PartitionID: SourcePosition] = [:]

  package init(partition: PartitionID, _ settings: StateSettings = StateSettings()) {
    self.partition = partition
    mailboxes = PagedTable(seed: settings.tableSeed)
    groups = PagedTable(seed: settings.tableSeed)
    origins = OriginMemory(bounds: settings.origins, seed: settings.tableSeed)
    amendedBounds = settings.amended
  }

  package var seed: UInt64 { mailboxes.seed }

  package func mailbox(_ stream: StreamKey) -> MailboxState? {
    stream.userID.flatMap { mailboxes.state(of: $0) }
  }

  package func group(_ stream: StreamKey) -> GroupState? {
    stream.groupID.flatMap { groups.state(of: $0) }
  }

  package struct SourcePosition: Sendable, Equatable {
    package var offset: Offset
    package var index: UInt32

    package init(offset: Offset, index: UInt32) {
      self.offset = offset
      self.index = index
    }
  }

  /// Whether an effect was taken before.
  package func hasTaken(_ cause: Cause) -> Bool {
    guard let last = sources[cause.partition] else { return false }
    return !cause.isAfter(offset: last.offset, index: last.index)
  }
}

/// Where a command's stream and origin stand in a state's tables: found once, for deciding the
/// command and for taking its event. Good until the state changes.
struct Place {
  var stream: Int?
  var origin: OriginMemory.Place?
}

extension PartitionState {
  /// Changes nothing that the state says: what is found has been read from its page.
  mutating func place(_ stream: StreamKey, _ actor: Actor, _ origin: IssuedOrigin?) -> Place {
    Place(stream: find(stream, for: actor.user), origin: origin.flatMap { origins.find($0) })
  }

  mutating func find(_ stream: StreamKey, for user: UserID? = nil) -> Int? {
    guard stream.kind == .group else {
      return mailboxes.find(stream.fingerprint) { stream.isMailbox(of: $0) }
    }
    let place = groups.find(stream.fingerprint) { stream.isStream(of: $0) }
    if let place, let user { groups[place].load(user) }
    return place
  }
}
