/// How far somebody, or a device, has come in a group.
package struct GroupPosition: Sendable, Equatable {
  package var group: GroupID
  package var upTo: Seq

  @inlinable
  package init(_ group: GroupID, upTo: Seq) {
    self.group = group
    self.upTo = upTo
  }
}

/// What has become of who is no member of a group. Raw values as in
/// `schemas/daybook/v1/event.proto`.
package enum Waiting: UInt8, Sendable, CaseIterable {
  case invited = 0
  case requested = 1
  /// Neither any more.
  case refused = 2
}

/// Positions in groups, each group once, by ascending bytes of their ids: most users have few.
package struct GroupPositions: Sendable, Equatable {
  package private(set) var entries: [GroupPosition] = []

  package init() {}

  /// From a snapshot. Nil unless they ascend.
  package init?(_ entries: [GroupPosition]) {
    guard zip(entries, entries.dropFirst()).allSatisfy({ $0.group < $1.group }) else { return nil }
    self.entries = entries
  }

  /// First index whose group does not come before `group`.
  private func place(_ group: GroupID) -> Int {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].group < group { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// None where nothing is known.
  package subscript(group: GroupID) -> Seq {
    let at = place(group)
    return at < entries.count && entries[at].group == group ? entries[at].upTo : .none
  }

  /// Positions only go forward.
  package mutating func move(_ group: GroupID, upTo seq: Seq) {
    let at = place(group)
    if at < entries.count, entries[at].group == group {
      entries[at].upTo = max(entries[at].upTo, seq)
    } else {
      entries.insert(GroupPosition(group, upTo: seq), at: at)
    }
  }

  package mutating func forget(_ group: GroupID) {
    let at = place(group)
    if at < entries.count, entries[at].group == group { entries.remove(at: at) }
  }
}

extension Event {
  /// Of a join: the first seq that the member sees of the stay.
  @inlinable
  package var firstSeen: Seq {
    if case .memberJoined(_, _, let from) = body, seq == .none { from } else { seq }
  }

  /// Of a join: up to where nothing of the stay can be unread. An announced join is itself what is
  /// seen first, and no message.
  @inlinable
  package var joinPosition: Seq {
    seq == .none ? Seq(max(firstSeen.rawValue, 1) - 1) : seq
  }

  /// Of a leave: the last seq that the member sees of the stay.
  @inlinable
  package var lastSeen: Seq {
    if case .memberLeft(_, _, let through) = body, seq == .none { through } else { seq }
  }
}
