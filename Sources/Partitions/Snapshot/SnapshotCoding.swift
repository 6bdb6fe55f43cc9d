package import DaybookModel
import DaybookSchema
import FoundationEssentials
package import NIOCore
import Ports
import SwiftProtobuf

/// A partition's state and back (`schemas/daybook/v1/snapshot.proto`).
package enum SnapshotCoding {
  static let version: UInt32 = 5
  /// Whose windows of origins were all there.
  static let versions: ClosedRange<UInt32> = 4...5

  /// Throws nothing: what can't be encoded can't be in a state.
  package static func encode(
    _ state: PartitionState, logID: String, relayedThrough: Offset
  ) -> ByteBuffer {
    var snapshot = Daybook_V1_PartitionSnapshot()
    snapshot.version = version
    snapshot.logID = logID
    snapshot.partition = UInt32(state.partition.rawValue)
    snapshot.clockTicks = state.clock.ticks
    snapshot.recordedAtMs = state.recordedAt.milliseconds
    snapshot.relayedThrough = UInt64(relayedThrough.rawValue)
    snapshot.mailboxes = zip(state.mailboxes.keys, state.mailboxes.states).map {
      MailboxSnapshotCoding.encode($0, $1)
    }
    snapshot.groups = zip(state.groups.keys, state.groups.states).map {
      GroupSnapshotCoding.encode($0, $1)
    }
    snapshot.origins = state.origins.all.map(encode)
    snapshot.originsForgotten = state.origins.hasForgotten
    snapshot.sources = state.sources.map { partition, position in
      .with {
        $0.partition = UInt32(partition.rawValue)
        $0.offset = UInt64(position.offset.rawValue)
        $0.index = position.index
      }
    }
    let bytes: [UInt8] = (try? snapshot.serializedBytes()) ?? []
    return ByteBuffer(bytes: bytes)
  }

  /// Nil for a snapshot of another log, partition or version, or one that is torn.
  package static func decode(
    _ bytes: ByteBuffer, partition: PartitionID, logID: String,
    origins bounds: OriginMemory.Bounds = .standard
  ) -> (state: PartitionState, relayedThrough: Offset)? {
    let parsed = bytes.withUnsafeReadableBytes {
      try? Daybook_V1_PartitionSnapshot(serializedBytes: Array($0))
    }
    guard let snapshot = parsed, versions.contains(snapshot.version), snapshot.logID == logID,
      snapshot.partition == UInt32(partition.rawValue),
      // One that was pushed past the last id, as once could be, hides what was given before.
      snapshot.clockTicks <= MessageClock.ticksMax,
      snapshot.sources.areDistinct(by: \.partition)
    else { return nil }
    var state = PartitionState(partition: partition, origins: bounds)
    state.clock = MessageClock(ticks: snapshot.clockTicks)
    state.recordedAt = Timestamp(milliseconds: snapshot.recordedAtMs)
    for mailbox in snapshot.mailboxes {
      let key = StreamKey.user(UserID(checked: mailbox.user))
      guard state.mailboxes[key] == nil, let decoded = MailboxSnapshotCoding.decode(mailbox)
      else { return nil }
      _ = state.mailboxes.insert(key, decoded)
    }
    for group in snapshot.groups {
      let key = StreamKey.group(GroupID(checked: group.group))
      guard state.groups[key] == nil, let decoded = GroupSnapshotCoding.decode(group)
      else { return nil }
      _ = state.groups.insert(key, decoded)
    }
    for origin in snapshot.origins {
      guard let id = Origin(origin.origin), let entries = decode(origin) else { return nil }
      let issued = IssuedOrigin(id, user: origin.user.isEmpty ? nil : UserID(checked: origin.user))
      guard state.origins[issued] == nil else { return nil }
      state.origins.keep(
        issued, entries, knownFrom: origin.knownFrom, isLoaded: !origin.isPartial)
    }
    if snapshot.originsForgotten { state.origins.wasForgetting() }
    for source in snapshot.sources {
      guard let partition = UInt16(exactly: source.partition),
        let offset = Int64(exactly: source.offset)
      else { return nil }
      state.sources[PartitionID(partition)] = PartitionState.SourcePosition(
        offset: Offset(offset), index: source.index)
    }
    return Int64(exactly: snapshot.relayedThrough).map { (state, Offset($0)) }
  }
}

// MARK: origins

extension SnapshotCoding {
  private static func encode(
    _ issued: IssuedOrigin, _ window: OriginWindow
  ) -> Daybook_V1_OriginSnapshot {
    .with {
      $0.origin = issued.origin.withBytes { bytes in .init(bytes) }
      $0.knownFrom = window.knownFrom
      $0.isPartial = !window.isLoaded
      $0.user = issued.user?.text ?? ""
      $0.number = window.current.map(\.number)
      $0.digest = window.current.map(\.digest)
      $0.changed = window.current.map(\.changed)
      $0.messageID = window.current.map(\.messageID.rawValue)
      $0.seq = window.current.map(\.seq.rawValue)
      $0.recordedAtMs = window.current.map(\.recordedAt.milliseconds)
      $0.pending = window.current.map(\.pending)
    }
  }

  private static func decode(_ snapshot: Daybook_V1_OriginSnapshot) -> [OriginWindow.Entry]? {
    let count = snapshot.number.count
    guard snapshot.digest.count == count, snapshot.changed.count == count,
      snapshot.messageID.count == count, snapshot.seq.count == count,
      snapshot.recordedAtMs.count == count, snapshot.pending.count == count
    else { return nil }
    var entries: [OriginWindow.Entry] = []
    for at in 0..<count {
      entries.append(
        OriginWindow.Entry(
          number: snapshot.number[at], digest: snapshot.digest[at],
          changed: snapshot.changed[at], messageID: MessageID(snapshot.messageID[at]),
          seq: Seq(snapshot.seq[at]),
          recordedAt: Timestamp(milliseconds: snapshot.recordedAtMs[at]),
          pending: snapshot.pending[at]))
    }
    return entries
  }
}
