package import DaybookModel
import DaybookSchema

/// `MailboxSnapshot`.
extension MailboxState: PagedState {
  package static var blank: MailboxState { MailboxState() }

  package static func fingerprint(of key: UserID) -> UInt64 { StreamKey.user(key).fingerprint }

  package static func key(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) -> UserID {
    try UserField.first(of: bytes)
  }

  package func encode(_ key: UserID, into writer: inout SnapshotWriter) {
    writer.string(1, key.text)
    writer.uint(2, head.rawValue)
    for device in devices { device.encode(3, into: &writer) }
    for peer in peers { peer.encode(4, into: &writer) }
    for group in groups { writer.element(5, group.text) }
    for user in blocked { writer.element(6, user.text) }
    for (conversation, marks) in marks {
      writer.message(7) {
        $0.string(1, conversation.text)
        $0.flag(2, marks.isQuiet)
        $0.flag(3, marks.isPinned)
        $0.flag(4, marks.isUnread)
      }
    }
    amended.encode(8, into: &writer)
    writer.fixed64(9, amended.forgottenThrough.rawValue)
    groupReads.encode(10, into: &writer)
    for revocation in revocations.entries { revocation.encode(11, into: &writer) }
  }

  package static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(DaybookError) -> (UserID, MailboxState)? {
    var state = MailboxState()
    var user = UserID(checked: "")
    var (peers, blocked): ([PeerState], [UserID]) = ([], [])
    var (isWhole, forgottenThrough) = (true, MessageID.none)
    var reads: [GroupPosition] = []
    var revoked: [Revocation] = []
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.delimited(1): user = try reader.user()
      case Tag.varint(2): state.head = try reader.seq()
      case Tag.delimited(3): state.devices.append(try DeviceCursor(try reader.delimited()))
      case Tag.delimited(4):
        if let peer = try PeerState(try reader.delimited()) {
          peers.append(peer)
        } else {
          isWhole = false
        }
      case Tag.delimited(5): state.groups.append(GroupID(checked: try reader.string()))
      case Tag.delimited(6): blocked.append(try reader.user())
      case Tag.delimited(7):
        let (conversation, marks) = try decodeMark(try reader.delimited())
        guard let conversation, state.marks[conversation] == nil else {
          isWhole = false
          return true
        }
        state.marked(conversation, marks)
      case Tag.delimited(8):
        if try !state.amended.decode(try reader.delimited()) { isWhole = false }
      case Tag.fixed64(9): forgottenThrough = MessageID(try reader.fixed64())
      case Tag.delimited(10): reads.append(try GroupPosition(try reader.delimited()))
      case Tag.delimited(11): revoked.append(try Revocation(try reader.delimited()))
      default: return false
      }
      return true
    }
    guard let groupReads = GroupPositions(reads), let revocations = Revocations(revoked) else {
      return nil
    }
    state.groupReads = groupReads
    state.revocations = revocations
    guard isWhole, state.amended.take(forgottenThrough: forgottenThrough),
      state.devices.areDistinct(by: \.device), state.groups.areDistinct(by: \.self),
      peers.areDistinct(by: \.user),
      zip(blocked, blocked.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    state.take(peers, blocked: blocked)
    return (user, state)
  }

  private static func decodeMark(
    _ bytes: UnsafeRawBufferPointer
  ) throws(DaybookError) -> (StreamKey?, ConversationMarks) {
    var conversation: StreamKey?
    var marks = ConversationMarks.none
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.delimited(1): conversation = StreamKey(checked: try reader.string())
      case Tag.varint(2): marks.isQuiet = try reader.flag()
      case Tag.varint(3): marks.isPinned = try reader.flag()
      case Tag.varint(4): marks.isUnread = try reader.flag()
      default: return false
      }
      return true
    }
    return (conversation, marks)
  }
}

/// `PeerSnapshot`.
extension MailboxState.PeerState {
  fileprivate func encode(_ field: Int, into writer: inout SnapshotWriter) {
    writer.message(field) {
      $0.string(1, user.text)
      $0.uint(2, lastMessage.rawValue)
      $0.uint(3, read.rawValue)
      $0.uint(4, firstUndelivered.rawValue)
      $0.uint(5, firstUnread.rawValue)
      $0.flag(6, isContact)
      $0.uint(7, cleared.rawValue)
      $0.packed(8, varints: pending.entries.lazy.map(\.seq.rawValue))
      $0.packed(9, fixed64: pending.entries.lazy.map(\.id.rawValue))
    }
  }

  /// Nil for messages without their ids.
  fileprivate init?(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    self.init(user: try UserField.first(of: bytes))
    var (seqs, ids): ([UInt64], [UInt64]) = ([], [])
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.varint(2): lastMessage = try reader.seq()
      case Tag.varint(3): read = try reader.seq()
      case Tag.varint(4): firstUndelivered = try reader.seq()
      case Tag.varint(5): firstUnread = try reader.seq()
      case Tag.varint(6): isContact = try reader.flag()
      case Tag.varint(7): cleared = try reader.seq()
      case Tag.varint(8), Tag.delimited(8): try reader.varints(tag, into: &seqs)
      case Tag.fixed64(9), Tag.delimited(9): try reader.fixed64s(tag, into: &ids)
      default: return false
      }
      return true
    }
    guard seqs.count == ids.count else { return nil }
    guard let pending = PendingMessages(seqs: seqs, ids: ids) else { return nil }
    self.pending = pending
  }
}

/// The first field of what is kept by user.
enum UserField {
  static func first(of bytes: UnsafeRawBufferPointer) throws(DaybookError) -> UserID {
    var reader = ProtobufReader(bytes)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      if tag == Tag.delimited(1) { return try reader.user() }
      try reader.skip(tag)
    }
    return UserID(checked: "")
  }
}
