package import DaybookModel
package import NIOCore

/// The bodies of kinds that are not frequent, as lists of fields: what is written, measured and
/// read is said once for each kind. Frequent kinds have codecs of their own beside this.
package enum BodyField: Equatable {
  case string(Int, String)
  case uint(Int, UInt64)
  case fixed64(Int, UInt64)
  case message(Int, ByteBuffer)
  /// Nil is left out, false is not.
  case flag(Int, Bool?)

  package var length: Int {
    switch self {
    case .string(let field, let text): ProtobufSize.string(field, text)
    case .uint(let field, let value): ProtobufSize.uint(field, value)
    case .fixed64(let field, let value): ProtobufSize.fixed64(field, value)
    case .message(let field, let bytes): ProtobufSize.bytes(field, count: bytes.readableBytes)
    case .flag(let field, let flag): flag == nil ? 0 : ProtobufSize.uint(field, 1)
    }
  }

  package func write(to writer: inout ProtobufWriter) {
    switch self {
    case .string(let field, let text): writer.string(field, text)
    case .uint(let field, let value): writer.uint(field, value)
    case .fixed64(let field, let value): writer.fixed64(field, value)
    case .message(let field, let bytes): writer.message(field, bytes)
    case .flag(let field, let flag):
      guard let flag else { return }
      writer.tag(field, 0)
      writer.varint(flag ? 1 : 0)
    }
  }
}

package enum BodyFields {
  /// Ascending by number. Empty for kinds that have no fields, or a codec of their own.
  package static func of(_ body: Event.Body) -> [BodyField] {
    switch body {
    case .messageRecalled(let target): target.fields
    case .messageEdited(let target, let content): target.fields + [.message(3, content)]
    case .reactionAdded(let target, let reaction), .reactionRemoved(let target, let reaction):
      target.fields + [.string(3, reaction)]
    case .amendmentWithheld(let withheld): withheld.fields
    case .messageTombstone(let tombstone):
      [
        .string(1, tombstone.by?.text ?? ""), .fixed64(2, tombstone.at.milliseconds),
        .uint(3, tombstone.isEdit ? 1 : 0), .string(4, tombstone.to?.text ?? ""),
        .uint(5, tombstone.peerSeq.rawValue), .fixed64(6, tombstone.clientTime.milliseconds),
        .string(7, tombstone.senderName),
      ]
    case .conversationMarked(let conversation, let marks):
      [
        .string(1, conversation.text), .uint(2, marks.isQuiet ? 1 : 0),
        .uint(3, marks.isPinned ? 1 : 0), .uint(4, marks.isUnread ? 1 : 0),
      ]
    case .conversationCleared(let peer, let upTo):
      [.string(1, peer?.text ?? ""), .uint(2, upTo.rawValue)]
    case .cursorOpened(let cursor, let registration):
      [.uint(1, cursor.rawValue), .uint(2, registration.rawValue)]
    case .deviceForgotten(let device): [.string(1, device.text)]
    case .sessionOpened(let session, let client, let deviceClass):
      [.string(1, session), .string(2, client), .string(3, deviceClass)]
    case .sessionClosed(let session, let reason): [.string(1, session), .string(2, reason)]
    case .tokensRevoked(let revoked):
      [
        .string(1, revoked.device?.text ?? ""), .string(2, revoked.tokenID),
        .fixed64(3, revoked.issuedUntil.milliseconds), .uint(4, revoked.isOfService ? 1 : 0),
      ]
    case .userBlocked(let peer), .userUnblocked(let peer): [.string(1, peer.text)]
    case .groupCursors(let cursors):
      cursors.map { .message(1, GroupCursorsCoding.bytes(of: $0)) }
    default: ofGroup(body)
    }
  }

  private static func ofGroup(_ body: Event.Body) -> [BodyField] {
    switch body {
    case .groupCreated(let settings), .groupChanged(let settings):
      [
        .string(1, settings.title), .string(2, settings.description),
        .uint(3, UInt64(settings.joinPolicy.rawValue)), .uint(4, settings.isHistoryShown ? 1 : 0),
        .uint(5, settings.isSilenced ? 1 : 0), .flag(6, settings.membersListed),
      ]
    case .memberJoined(let member, let role, let from):
      [.string(1, member.text), .uint(2, UInt64(role.rawValue)), .uint(3, from.rawValue)]
    case .roleChanged(let member, let role):
      [.string(1, member.text), .uint(2, UInt64(role.rawValue))]
    case .memberLeft(let member, let successor, let through):
      [
        .string(1, member.text), .string(2, successor?.text ?? ""), .uint(3, through.rawValue),
      ]
    case .memberInvited(let member, let moderators), .joinRequested(let member, let moderators),
      .joinRefused(let member, let moderators):
      [.string(1, member.text)] + moderators.map { .string(2, $0.text) }
    case .groupWaiting(let group, let member, let waiting):
      [.string(1, group.text), .string(2, member.text), .uint(3, UInt64(waiting.rawValue))]
    case .memberSilenced(let member, let isSilenced):
      [.string(1, member.text), .uint(2, isSilenced ? 1 : 0)]
    case .groupInvited(let group, let at), .groupRefused(let group, let at),
      .groupCleared(let group, let at):
      [.string(1, group.text), .uint(2, at.rawValue)]
    default: []
    }
  }
}

extension MessageTarget {
  fileprivate var fields: [BodyField] {
    [.string(1, peer?.text ?? ""), .uint(2, seq.rawValue)]
  }
}

extension WithheldAmendment {
  fileprivate var fields: [BodyField] {
    let author = BodyField.string(1, author.text)
    return switch change {
    case .recalled: [author]
    case .edited(let content): [author, .uint(2, 1), .message(3, content)]
    case .reactionAdded(let reaction): [author, .uint(2, 2), .string(4, reaction)]
    case .reactionRemoved(let reaction): [author, .uint(2, 3), .string(4, reaction)]
    }
  }
}

/// What was read of a body with such fields: their numbers are small.
struct ReadFields {
  private var texts = ["", "", "", "", "", "", "", ""]
  private var numbers: [UInt64] = [0, 0, 0, 0, 0, 0, 0, 0]
  /// Of the second field, where it may be there several times.
  private var elements: [String] = []
  /// Whether settings say the last of them.
  private var saysListed = false
  private(set) var content = ByteBuffer()

  init(
    _ reader: consuming ProtobufReader, of kind: EventKind, _ use: EventDecoding.ContentUse
  ) throws(DaybookError) {
    while !reader.isAtEnd {
      let tag = try reader.tag()
      let field = tag >> 3
      guard field < numbers.count else {
        try reader.skip(tag)
        continue
      }
      switch tag & 7 {
      case 0:
        numbers[field] = try reader.varint()
        if field == 6 { saysListed = true }
      case 1: numbers[field] = try reader.fixed64()
      case 2 where (kind == .messageEdited || kind == .amendmentWithheld) && field == 3:
        let bytes = try reader.delimited()
        if use == .copied { content = ByteBuffer(bytes: bytes) }
      case 2:
        texts[field] = try reader.string()
        if field == 2, kind.namesModerators { elements.append(texts[field]) }
      default: try reader.skip(tag)
      }
    }
  }

  /// Nil for a kind that has a codec of its own. Throws `log_corrupt` for what names no stream.
  func body(of kind: EventKind) throws(DaybookError) -> Event.Body? {
    switch kind {
    case .messageRecalled: .messageRecalled(target)
    case .messageEdited: .messageEdited(target, content: content)
    case .reactionAdded: .reactionAdded(target, texts[3])
    case .reactionRemoved: .reactionRemoved(target, texts[3])
    case .messageTombstone: .messageTombstone(tombstone)
    case .amendmentWithheld: .amendmentWithheld(try withheld)
    case .conversationMarked:
      .conversationMarked(
        try stream,
        ConversationMarks(isQuiet: flag(2), isPinned: flag(3), isUnread: flag(4)))
    case .conversationCleared: .conversationCleared(peer: user(1), upTo: Seq(numbers[2]))
    case .cursorOpened: .cursorOpened(cursor: Seq(numbers[1]), registration: Seq(numbers[2]))
    case .deviceForgotten: .deviceForgotten(DeviceID(checked: texts[1]))
    case .sessionOpened:
      .sessionOpened(session: texts[1], client: texts[2], deviceClass: texts[3])
    case .sessionClosed: .sessionClosed(session: texts[1], reason: texts[2])
    case .tokensRevoked: .tokensRevoked(revocation)
    case .userBlocked: .userBlocked(named)
    case .userUnblocked: .userUnblocked(named)
    default: groupBody(of: kind)
    }
  }

  private func groupBody(of kind: EventKind) -> Event.Body? {
    switch kind {
    case .groupCreated: .groupCreated(settings)
    case .groupChanged: .groupChanged(settings)
    case .memberJoined: .memberJoined(named, role: role, from: Seq(numbers[3]))
    case .memberLeft: .memberLeft(named, successor: user(2), through: Seq(numbers[3]))
    case .memberInvited: .memberInvited(named, telling: moderators)
    case .joinRequested: .joinRequested(named, telling: moderators)
    case .joinRefused: .joinRefused(named, telling: moderators)
    case .groupWaiting:
      .groupWaiting(
        GroupID(checked: texts[1]), UserID(checked: texts[2]),
        Waiting(rawValue: UInt8(clamping: numbers[3])) ?? .refused)
    case .roleChanged: .roleChanged(named, role)
    case .memberSilenced: .memberSilenced(named, flag(2))
    case .groupDissolved: .groupDissolved
    case .groupInvited: .groupInvited(GroupID(checked: texts[1]), at: Seq(numbers[2]))
    case .groupRefused: .groupRefused(GroupID(checked: texts[1]), at: Seq(numbers[2]))
    case .groupCleared: .groupCleared(GroupID(checked: texts[1]), upTo: Seq(numbers[2]))
    default: nil
    }
  }

  private func flag(_ field: Int) -> Bool { numbers[field] != 0 }
  private func user(_ field: Int) -> UserID? {
    texts[field].isEmpty ? nil : UserID(checked: texts[field])
  }

  private var named: UserID { UserID(checked: texts[1]) }
  private var moderators: [UserID] { elements.map { UserID(checked: $0) } }
  private var role: Role { Role(rawValue: UInt8(clamping: numbers[2])) ?? .member }
  private var target: MessageTarget { MessageTarget(peer: user(1), seq: Seq(numbers[2])) }

  private var revocation: Revocation {
    Revocation(
      device: texts[1].isEmpty ? nil : DeviceID(checked: texts[1]), tokenID: texts[2],
      issuedUntil: Timestamp(milliseconds: numbers[3]), isOfService: flag(4))
  }

  private var withheld: WithheldAmendment {
    get throws(DaybookError) {
      let change: WithheldAmendment.Change
      switch numbers[2] {
      case 0: change = .recalled
      case 1: change = .edited(content)
      case 2: change = .reactionAdded(texts[4])
      case 3: change = .reactionRemoved(texts[4])
      default: throw DaybookError(.logCorrupt, "it withholds an amendment of no known kind")
      }
      return WithheldAmendment(by: named, change)
    }
  }

  private var stream: StreamKey {
    get throws(DaybookError) {
      guard let stream = StreamKey(checked: texts[1]) else {
        throw DaybookError(.logCorrupt, "it names a conversation of no kind")
      }
      return stream
    }
  }

  private var settings: GroupSettings {
    GroupSettings(
      title: texts[1], description: texts[2],
      joinPolicy: JoinPolicy(rawValue: UInt8(clamping: numbers[3])) ?? .invitation,
      isHistoryShown: flag(4), isSilenced: flag(5), membersListed: saysListed ? flag(6) : nil)
  }

  private var tombstone: MessageTombstone {
    MessageTombstone(
      by: user(1), at: Timestamp(milliseconds: numbers[2]), isEdit: flag(3), to: user(4),
      peerSeq: Seq(numbers[5]), clientTime: Timestamp(milliseconds: numbers[6]),
      senderName: texts[7])
  }
}

extension EventKind {
  fileprivate var namesModerators: Bool {
    self == .memberInvited || self == .joinRequested || self == .joinRefused
  }
}
