import DaybookModel

/// Which streams anybody on a loop follows, by their fingerprints: what owners' threads look at, so that
/// a batch wakes no loop that it is nothing to.
///
/// A session subscribes before it asks the owner for the stream's head, and the owner looks here when a
/// batch has become durable: what it does not see here yet was part of its answer.
struct FollowedStreams {
  private var fingerprints: Set<UInt64> = []

  mutating func insert(_ fingerprint: UInt64) { fingerprints.insert(fingerprint) }

  mutating func remove(_ fingerprint: UInt64) { fingerprints.remove(fingerprint) }

  /// Whether any of these events may be for somebody here. A leave that takes no seq is for the member,
  /// whose mailbox it does not name.
  func areConcerned(by slots: [EventSlot]) -> Bool {
    !fingerprints.isEmpty
      && slots.contains { slot in
        slot.seq == .none ? slot.concernsSessions : fingerprints.contains(slot.stream)
      }
  }
}

extension EventSlot {
  /// It is pushed; or it ends what its member is pushed, and takes no seq, for nobody else is told.
  var concernsSessions: Bool { seq != .none || kind == .memberLeft }
}
