import DaybookModel
import NIOCore
import Ports

/// The identity of what a command asks, for telling a retry from a number used twice. It lies in
/// the log, so what it is made of stays as it is for every command that there was before.
enum CommandDigest {
  static func of(_ command: borrowing Command) -> UInt32 {
    var hash = StableHash(seed: command.stream.fingerprint)
    if let user = command.actor.user { hash.combine(user.text) }
    switch command.body {
    case .send(let message):
      hash.combine(1)
      hash.combine(message)
    case .read(let peer, let upTo):
      hash.combine(2)
      hash.combine(peer?.text ?? "")
      hash.combine(upTo.rawValue)
    case .createGroup(let settings):
      hash.combine(3)
      hash.combine(settings)
    case .join: hash.combine(4)
    case .leave: hash.combine(5)
    case .recall(let target):
      hash.combine(6)
      hash.combine(target.messageID.rawValue)
    case .edit(let target, let content):
      hash.combine(7)
      hash.combine(target.messageID.rawValue)
      content.withUnsafeReadableBytes { hash.combine($0) }
    case .react(let target, let reaction, let isRemoved):
      hash.combine(isRemoved ? 8 : 9)
      hash.combine(target.messageID.rawValue)
      hash.combine(reaction)
    case .sendTransient, .ack, .ackGroups, .openCursor, .inspect, .inspectContact, .nextNumber,
      .refused, .checkToken, .openSession,
      .closeSession:
      break
    case .changeGroup, .invite, .remove, .admit, .refuse, .changeRole, .silence, .dissolve:
      ofGroup(command, &hash)
    case .block, .mark, .clear, .forgetDevice, .dropGroup, .readGroup, .revokeTokens:
      ofOwn(command, &hash)
    }
    return UInt32(truncatingIfNeeded: hash.finish())
  }

  /// That of a join of a group, which is asked of a note on a join that waits for a moderator.
  static func ofJoin(_ stream: StreamKey, by user: UserID) -> UInt32 {
    var hash = StableHash(seed: stream.fingerprint)
    hash.combine(user.text)
    hash.combine(4)
    return UInt32(truncatingIfNeeded: hash.finish())
  }

  private static func ofGroup(_ command: borrowing Command, _ hash: inout StableHash) {
    switch command.body {
    case .changeGroup(let change):
      hash.combine(10)
      hash.combine(change.title)
      hash.combine(change.description)
      hash.combine(change.joinPolicy.map { UInt64($0.rawValue) + 1 } ?? 0)
      hash.combine(change.isHistoryShown)
      hash.combine(change.isSilenced)
    case .invite(let user): hash.combine(11, user)
    case .remove(let user): hash.combine(12, user)
    case .admit(let user): hash.combine(13, user)
    case .refuse(let user): hash.combine(14, user)
    case .changeRole(let user, let role):
      hash.combine(15, user)
      hash.combine(UInt64(role.rawValue))
    case .silence(let user, let isSilenced): hash.combine(isSilenced ? 16 : 17, user)
    case .dissolve: hash.combine(18)
    default: assertionFailure("it is not of a group")
    }
  }

  private static func ofOwn(_ command: borrowing Command, _ hash: inout StableHash) {
    switch command.body {
    case .block(let user, let isBlocked): hash.combine(isBlocked ? 19 : 20, user)
    case .mark(let conversation, let change):
      hash.combine(21)
      hash.combine(conversation.text)
      hash.combine(change.isQuiet)
      hash.combine(change.isPinned)
      hash.combine(change.isUnread)
    case .clear(let peer, let upTo):
      hash.combine(22)
      hash.combine(peer?.text ?? "")
      hash.combine(upTo.rawValue)
    case .forgetDevice(let device):
      hash.combine(23)
      hash.combine(device.text)
    case .dropGroup(let group, let at):
      hash.combine(24)
      hash.combine(group.text)
      hash.combine(at.rawValue)
    // What the group says of it may differ for a retry.
    case .readGroup(let group, let upTo, _):
      hash.combine(25)
      hash.combine(group.text)
      hash.combine(upTo.rawValue)
    case .revokeTokens(let device, let tokenID, let isOfService):
      hash.combine(26)
      hash.combine(device?.text)
      hash.combine(tokenID)
      hash.combine(isOfService ? 1 : 0)
    default: assertionFailure("it is not about one's own mailbox")
    }
  }
}

extension StableHash {
  fileprivate mutating func combine(_ message: borrowing Message) {
    let forwarded = message.extras?.forwarded
    // What is forwarded is read anew for a retry, and may have been edited meanwhile.
    if forwarded == nil { message.content.withUnsafeReadableBytes { combine($0) } }
    combine(message.clientTime.milliseconds)
    combine(message.senderName)
    guard let extras = message.extras else { return }
    combine(extras.replyTo.rawValue)
    combine(UInt64(extras.mentions.count))
    for user in extras.mentions { combine(user.text) }
    combine(extras.mentionsEveryone ? 1 : 0)
    combine(forwarded?.messageID.rawValue ?? 0)
    // When it expires is counted from when it was sent, which differs for a retry.
    combine(extras.expiresAt == .none ? 0 : 1)
  }

  fileprivate mutating func combine(_ settings: borrowing GroupSettings) {
    combine(settings.title)
    let others = GroupSettings(title: settings.title)
    // Made of the title alone where there is nothing else, as before there was.
    guard copy settings != others else { return }
    combine(settings.description)
    combine(UInt64(settings.joinPolicy.rawValue))
    combine(settings.isHistoryShown ? 1 : 0)
    combine(settings.isSilenced ? 1 : 0)
  }

  fileprivate mutating func combine(_ kind: UInt64, _ user: UserID) {
    combine(kind)
    combine(user.text)
  }

  fileprivate mutating func combine(_ text: String?) {
    combine(text == nil ? 0 : 1)
    if let text { combine(text) }
  }

  fileprivate mutating func combine(_ flag: Bool?) {
    combine(flag.map { $0 ? 2 : 1 } ?? 0)
  }
}
