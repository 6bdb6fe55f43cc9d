import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import SwiftProtobuf

/// A partition's state and back (`schemas/daybook/v1/snapshot.proto`).
package enum SnapshotCoding {
  static let version: UInt32 = 1

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
    snapshot.mailboxes = zip(state.mailboxes.keys, state.mailboxes.states).map(encode)
    snapshot.groups = zip(state.groups.keys, state.groups.states).map(encode)
    snapshot.origins = zip(state.origins.keys, state.origins.states).map(encode)
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
    _ bytes: ByteBuffer, partition: PartitionID, logID: String
  ) -> (state: PartitionState, relayedThrough: Offset)? {
    let parsed = bytes.withUnsafeReadableBytes {
      try? Daybook_V1_PartitionSnapshot(serializedBytes: Array($0))
    }
    guard let snapshot = parsed, snapshot.version == version, snapshot.logID == logID,
      snapshot.partition == UInt32(partition.rawValue)
    else { return nil }
    var state = PartitionState(partition: partition)
    state.clock = MessageClock(ticks: snapshot.clockTicks)
    state.recordedAt = Timestamp(milliseconds: snapshot.recordedAtMs)
    for mailbox in snapshot.mailboxes {
      _ = state.mailboxes.insert(.user(UserID(checked: mailbox.user)), decode(mailbox))
    }
    for group in snapshot.groups {
      _ = state.groups.insert(.group(GroupID(checked: group.group)), decode(group))
    }
    for origin in snapshot.origins {
      guard let id = Origin(origin.origin), let window = decode(origin) else { return nil }
      let user = origin.user.isEmpty ? nil : UserID(checked: origin.user)
      _ = state.origins.insert(IssuedOrigin(id, user: user), window)
    }
    for source in snapshot.sources {
      state.sources[PartitionID(Int(source.partition))] = PartitionState.SourcePosition(
        offset: Offset(Int64(source.offset)), index: source.index)
    }
    return (state, Offset(Int64(snapshot.relayedThrough)))
  }

  // MARK: parts

  private static func encode(_ key: StreamKey, _ state: MailboxState) -> Daybook_V1_MailboxSnapshot
  {
    .with {
      $0.user = key.id
      $0.head = state.head.rawValue
      $0.devices = state.devices.map(encode)
      $0.peers = state.peers.map { peer in
        .with {
          $0.user = peer.user.text
          $0.lastMessage = peer.lastMessage.rawValue
          $0.read = peer.read.rawValue
          $0.firstUndelivered = peer.firstUndelivered.rawValue
          $0.firstUnread = peer.firstUnread.rawValue
        }
      }
      $0.groups = state.groups.map(\.text)
    }
  }

  private static func decode(_ snapshot: Daybook_V1_MailboxSnapshot) -> MailboxState {
    var state = MailboxState()
    state.head = Seq(snapshot.head)
    state.devices = snapshot.devices.map(decode)
    state.peers = snapshot.peers.map { peer in
      var state = MailboxState.PeerState(user: UserID(checked: peer.user))
      state.lastMessage = Seq(peer.lastMessage)
      state.read = Seq(peer.read)
      state.firstUndelivered = Seq(peer.firstUndelivered)
      state.firstUnread = Seq(peer.firstUnread)
      return state
    }
    state.groups = snapshot.groups.map { GroupID(checked: $0) }
    state.indexPeers()
    return state
  }

  private static func encode(_ key: StreamKey, _ state: GroupState) -> Daybook_V1_GroupSnapshot {
    .with {
      $0.group = key.id
      $0.title = state.title
      $0.head = state.head.rawValue
      $0.lastMessage = state.lastMessage.rawValue
      $0.members = state.members.map { user, member in
        .with {
          $0.user = user.text
          $0.read = member.read.rawValue
          $0.stays = member.stays.flatMap { [$0.first.rawValue, $0.last?.rawValue ?? 0] }
          $0.devices = member.devices.map(encode)
        }
      }
    }
  }

  private static func decode(_ snapshot: Daybook_V1_GroupSnapshot) -> GroupState {
    var state = GroupState(title: snapshot.title)
    state.head = Seq(snapshot.head)
    state.lastMessage = Seq(snapshot.lastMessage)
    for member in snapshot.members {
      let stays = stride(from: 0, to: member.stays.count - 1, by: 2).map { at in
        SeqInterval(
          first: Seq(member.stays[at]),
          last: member.stays[at + 1] == 0 ? nil : Seq(member.stays[at + 1]))
      }
      var decoded = GroupState.MemberState(stays: stays, read: Seq(member.read))
      decoded.devices = member.devices.map(decode)
      state.members[UserID(checked: member.user)] = decoded
    }
    return state
  }

  private static func encode(_ cursor: DeviceCursor) -> Daybook_V1_DeviceSnapshot {
    .with {
      $0.device = cursor.device.text
      $0.cursor = cursor.cursor.rawValue
    }
  }

  private static func decode(_ snapshot: Daybook_V1_DeviceSnapshot) -> DeviceCursor {
    DeviceCursor(device: DeviceID(checked: snapshot.device), cursor: Seq(snapshot.cursor))
  }

  private static func encode(_ issued: IssuedOrigin, _ window: OriginWindow)
    -> Daybook_V1_OriginSnapshot
  {
    .with {
      $0.origin = issued.origin.withBytes { bytes in .init(bytes) }
      $0.user = issued.user?.text ?? ""
      $0.number = window.current.map(\.number)
      $0.digest = window.current.map(\.digest)
      $0.changed = window.current.map(\.changed)
      $0.messageID = window.current.map(\.messageID.rawValue)
      $0.seq = window.current.map(\.seq.rawValue)
      $0.recordedAtMs = window.current.map(\.recordedAt.milliseconds)
    }
  }

  private static func decode(_ snapshot: Daybook_V1_OriginSnapshot) -> OriginWindow? {
    let count = snapshot.number.count
    guard snapshot.digest.count == count, snapshot.changed.count == count,
      snapshot.messageID.count == count, snapshot.seq.count == count,
      snapshot.recordedAtMs.count == count
    else { return nil }
    var window = OriginWindow()
    for at in 0..<count {
      window.insert(
        OriginWindow.Entry(
          number: snapshot.number[at], digest: snapshot.digest[at],
          changed: snapshot.changed[at], messageID: MessageID(snapshot.messageID[at]),
          seq: Seq(snapshot.seq[at]),
          recordedAt: Timestamp(milliseconds: snapshot.recordedAtMs[at])))
    }
    return window
  }
}
