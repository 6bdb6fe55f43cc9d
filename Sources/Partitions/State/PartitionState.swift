package import DaybookModel
import Ports

/// The write side's state of one partition: a function of its events, everything in flight included.
package struct PartitionState: Sendable, Equatable {
  package let partition: PartitionID
  package var clock = MessageClock()
  package var recordedAt = Timestamp.none
  package var mailboxes = StateTable<StreamKey, MailboxState>()
  package var groups = StateTable<StreamKey, GroupState>()
  package var origins: OriginMemory
  /// The last effect taken from each source partition.
  package var sources: [PartitionID: SourcePosition] = [:]

  package init(partition: PartitionID, origins bounds: OriginMemory.Bounds = .standard) {
    self.partition = partition
    origins = OriginMemory(bounds: bounds)
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
  var origin: Int?
}

extension PartitionState {
  func place(_ stream: StreamKey, _ actor: Actor, _ origin: Origin?) -> Place {
    Place(
      stream: stream.kind == .user ? mailboxes.find(stream) : groups.find(stream),
      origin: origin.flatMap { origins.find(IssuedOrigin($0, by: actor)) })
  }
}
