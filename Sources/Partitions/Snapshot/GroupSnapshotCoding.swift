import DaybookModel
import DaybookSchema
import Ports
import SwiftProtobuf

enum GroupSnapshotCoding {
  static func encode(_ key: StreamKey, _ state: GroupState) -> Daybook_V1_GroupSnapshot {
    .with {
      $0.group = key.id
      $0.title = state.settings.title
      $0.description_p = state.settings.description
      $0.joinPolicy = UInt32(state.settings.joinPolicy.rawValue)
      $0.historyShown = state.settings.isHistoryShown
      $0.silenced = state.settings.isSilenced
      $0.head = state.head.rawValue
      $0.lastMessage = state.lastMessage.rawValue
      $0.members = state.members.map { encode($0, $1) }
      $0.invited = state.invited.map(\.text)
      $0.requested = state.requested.map(\.text)
      $0.amended = AmendedSnapshotCoding.encode(state.amended)
      $0.dissolved = state.isDissolved
    }
  }

  /// Nil for what can't be of a group: what is in it once stands there twice.
  static func decode(_ snapshot: Daybook_V1_GroupSnapshot) -> GroupState? {
    guard let policy = JoinPolicy(rawValue: UInt8(clamping: snapshot.joinPolicy)),
      snapshot.members.areDistinct(by: \.user), snapshot.amended.areDistinct(by: \.messageID)
    else { return nil }
    var state = GroupState(
      settings: GroupSettings(
        title: snapshot.title, description: snapshot.description_p, joinPolicy: policy,
        isHistoryShown: snapshot.historyShown, isSilenced: snapshot.silenced))
    state.head = Seq(snapshot.head)
    state.lastMessage = Seq(snapshot.lastMessage)
    state.invited = Set(snapshot.invited.map { UserID(checked: $0) })
    state.requested = Set(snapshot.requested.map { UserID(checked: $0) })
    state.amended = AmendedSnapshotCoding.decode(snapshot.amended)
    state.isDissolved = snapshot.dissolved
    var members: [UserID: GroupState.MemberState] = [:]
    members.reserveCapacity(snapshot.members.count)
    for member in snapshot.members {
      guard let decoded = decode(member) else { return nil }
      members[UserID(checked: member.user)] = decoded
    }
    state.take(members)
    return state
  }

  private static func encode(
    _ user: UserID, _ member: GroupState.MemberState
  ) -> Daybook_V1_MemberSnapshot {
    .with {
      $0.user = user.text
      $0.read = member.read.rawValue
      $0.stays = member.stays.flatMap { [$0.first.rawValue, $0.last?.rawValue ?? 0] }
      $0.devices = member.devices.map(\.snapshot)
      $0.role = UInt32(member.role.rawValue)
      $0.silenced = member.isSilenced
      $0.cleared = member.cleared.rawValue
    }
  }

  private static func decode(_ snapshot: Daybook_V1_MemberSnapshot) -> GroupState.MemberState? {
    guard let role = Role(rawValue: UInt8(clamping: snapshot.role)), snapshot.stays.count >= 2,
      snapshot.stays.count.isMultiple(of: 2), snapshot.devices.areDistinct(by: \.device)
    else { return nil }
    let stays = stride(from: 0, to: snapshot.stays.count - 1, by: 2).map { at in
      SeqInterval(
        first: Seq(snapshot.stays[at]),
        last: snapshot.stays[at + 1] == 0 ? nil : Seq(snapshot.stays[at + 1]))
    }
    var state = GroupState.MemberState(stays: stays, read: Seq(snapshot.read), role: role)
    state.devices = snapshot.devices.map { DeviceCursor($0) }
    state.isSilenced = snapshot.silenced
    state.cleared = Seq(snapshot.cleared)
    return state
  }
}
