import DaybookModel
import Ports

/// The write side's state of one partition: a function of its events, everything in flight included.
package struct PartitionState: Sendable, Equatable {
  package let partition: PartitionID
  package var clock = MessageClock()
  package var recordedAt = Timestamp.none
  package var mailboxes = StreamTable<MailboxState>()
  package var groups = StreamTable<GroupState>()
  package var origins: [Origin: OriginWindow] = [:]
  /// The last effect taken from each source partition.
  package var sources: [PartitionID: SourcePosition] = [:]

  package init(partition: PartitionID) { self.partition = partition }

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

/// States by stream. The states lie in one array, so that changing one moves no other.
package struct StreamTable<State: Sendable & Equatable>: Sendable, Equatable {
  package private(set) var keys: [StreamKey] = []
  package var states: [State] = []
  private var index: [StreamKey: Int] = [:]

  package init() {}

  package func find(_ key: StreamKey) -> Int? { index[key] }

  package subscript(_ key: StreamKey) -> State? { index[key].map { states[$0] } }

  package mutating func insert(_ key: StreamKey, _ state: State) -> Int {
    assert(index[key] == nil)
    keys.append(key)
    states.append(state)
    index[key] = keys.count - 1
    return keys.count - 1
  }

  /// Order of insertion is no part of what a table says.
  package static func == (a: Self, b: Self) -> Bool {
    a.keys.count == b.keys.count && a.keys.allSatisfy { a[$0] == b[$0] }
  }
}
