package import DaybookModel
import DaybookSchema
import NIOCore
import Ports

/// `GroupSnapshot`.
extension GroupState: PagedState {
  package static var blank: GroupState { GroupState(settings: GroupSettings(title: ""), seed: 0) }

  package static func fingerprint(of key: GroupID) -> UInt64 { StreamKey.group(key).fingerprint }

  package static func key(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) -> GroupID {
    GroupID(checked: try UserField.first(of: bytes).text)
  }

  package func encode(_ key: GroupID, into writer: inout SnapshotWriter) {
    writer.string(1, key.text)
    writer.string(2, settings.title)
    writer.uint(3, head.rawValue)
    writer.uint(4, lastMessage.rawValue)
    writer.string(6, settings.description)
    writer.uint(7, UInt64(settings.joinPolicy.rawValue))
    writer.flag(8, settings.isHistoryShown)
    writer.flag(9, settings.isSilenced)
    amended.encode(13, into: &writer)
    writer.uint(14, dissolvedAt.rawValue)
    writer.uint(15, UInt64(memberCount))
    writer.string(16, owner?.text ?? "")
    encodeMembers(17, into: &writer)
    waiting.encode(18, into: &writer)
    writer.fixed64(19, seed)
    writer.fixed64(20, amended.forgottenThrough.rawValue)
    writer.uint(21, settings.membersListed.map { $0 ? 1 : 2 } ?? 0)
    writer.uint(22, UInt64(storedJoins))
    for user in moderators { writer.element(23, user.text) }
    writer.uint(24, lastReceipted.rawValue)
  }

  package static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(DaybookError) -> (GroupID, GroupState)? {
    var stored = Stored()
    var group = GroupID(checked: "")
    var settings = GroupSettings(title: "")
    var (head, lastMessage, seed) = (Seq.none, Seq.none, UInt64(0))
    var lastReceipted = Seq.none
    var amended = AmendedMemory()
    var (isWhole, forgottenThrough) = (true, MessageID.none)
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.delimited(1): group = GroupID(checked: try reader.string())
      case Tag.delimited(2): settings.title = try reader.string()
      case Tag.varint(3): head = try reader.seq()
      case Tag.varint(4): lastMessage = try reader.seq()
      case Tag.delimited(6): settings.description = try reader.string()
      case Tag.varint(7):
        guard let policy = JoinPolicy(rawValue: UInt8(clamping: try reader.varint())) else {
          isWhole = false
          return true
        }
        settings.joinPolicy = policy
      case Tag.varint(8): settings.isHistoryShown = try reader.flag()
      case Tag.varint(9): settings.isSilenced = try reader.flag()
      case Tag.delimited(13): if try !amended.decode(try reader.delimited()) { isWhole = false }
      case Tag.varint(14): stored.dissolvedAt = try reader.seq()
      case Tag.varint(15): stored.memberCount = Int(clamping: try reader.varint())
      case Tag.delimited(16): stored.owner = try reader.user()
      case Tag.delimited(17): stored.members.append(ByteBuffer(bytes: try reader.delimited()))
      case Tag.delimited(18): stored.waiting.append(ByteBuffer(bytes: try reader.delimited()))
      case Tag.fixed64(19): seed = try reader.fixed64()
      case Tag.fixed64(20): forgottenThrough = MessageID(try reader.fixed64())
      case Tag.varint(21): settings.membersListed = try reader.varint() == 1
      case Tag.varint(22): stored.joins = UInt32(clamping: try reader.varint())
      case Tag.delimited(23): stored.moderators.append(try reader.user())
      case Tag.varint(24): lastReceipted = try reader.seq()
      default: return false
      }
      return true
    }
    guard amended.take(forgottenThrough: forgottenThrough) else { return nil }
    var state = GroupState(settings: settings, seed: seed)
    (state.head, state.lastMessage, state.amended) = (head, lastMessage, amended)
    state.lastReceipted = lastReceipted
    guard isWhole, state.take(stored) else { return nil }
    return (group, state)
  }
}

/// `MemberSnapshot`.
extension GroupState.MemberState: PagedState {
  package static var blank: GroupState.MemberState {
    GroupState.MemberState(
      stays: [SeqInterval(first: .none, last: nil)], read: .none, role: .member)
  }

  package static func fingerprint(of key: UserID) -> UInt64 { key.fingerprint }

  package static func key(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) -> UserID {
    try UserField.first(of: bytes)
  }

  package func encode(_ key: UserID, into writer: inout SnapshotWriter) {
    writer.string(1, key.text)
    writer.uint(2, read.rawValue)
    writer.packed(
      3, varints: stays.flatMap { [$0.first.rawValue, $0.last?.rawValue ?? 0] })
    for device in devices { device.encode(4, into: &writer) }
    writer.uint(5, UInt64(role.rawValue))
    writer.flag(6, isSilenced)
    writer.uint(7, cleared.rawValue)
    writer.uint(8, UInt64(join))
  }

  package static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(DaybookError) -> (UserID, GroupState.MemberState)? {
    var (user, read, cleared) = (UserID(checked: ""), Seq.none, Seq.none)
    var (devices, stays): ([DeviceCursor], [UInt64]) = ([], [])
    var (role, isSilenced) = (Role(rawValue: 0), false)
    var join: UInt32 = 0
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.delimited(1): user = try reader.user()
      case Tag.varint(2): read = try reader.seq()
      case Tag.varint(3), Tag.delimited(3): try reader.varints(tag, into: &stays)
      case Tag.delimited(4): devices.append(try DeviceCursor(try reader.delimited()))
      case Tag.varint(5): role = Role(rawValue: UInt8(clamping: try reader.varint()))
      case Tag.varint(6): isSilenced = try reader.flag()
      case Tag.varint(7): cleared = try reader.seq()
      case Tag.varint(8): join = UInt32(clamping: try reader.varint())
      default: return false
      }
      return true
    }
    guard let role, stays.count >= 2, stays.count.isMultiple(of: 2),
      devices.areDistinct(by: \.device)
    else { return nil }
    let intervals = stride(from: 0, to: stays.count, by: 2).map { at in
      SeqInterval(first: Seq(stays[at]), last: stays[at + 1] == 0 ? nil : Seq(stays[at + 1]))
    }
    var state = GroupState.MemberState(stays: intervals, read: read, role: role)
    (state.isSilenced, state.join) = (isSilenced, join)
    if cleared != .none { state.cleared = cleared }
    if !devices.isEmpty { state.devices = devices }
    return (user, state)
  }
}

/// `WaitingSnapshot`.
extension WaitingUsers.WaitingState: PagedState {
  package static var blank: WaitingUsers.WaitingState { WaitingUsers.WaitingState() }

  package static func fingerprint(of key: UserID) -> UInt64 { key.fingerprint }

  package static func key(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) -> UserID {
    try UserField.first(of: bytes)
  }

  package func encode(_ key: UserID, into writer: inout SnapshotWriter) {
    writer.string(1, key.text)
    writer.flag(2, isInvited)
    writer.flag(3, hasRequested)
  }

  package static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(DaybookError) -> (UserID, Self)? {
    var (user, state) = (UserID(checked: ""), Self())
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.delimited(1): user = try reader.user()
      case Tag.varint(2): state.isInvited = try reader.flag()
      case Tag.varint(3): state.hasRequested = try reader.flag()
      default: return false
      }
      return true
    }
    return state.isInvited || state.hasRequested ? (user, state) : nil
  }
}
