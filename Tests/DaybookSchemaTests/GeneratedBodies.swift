import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import SwiftProtobuf

/// The bodies of `Daybook_V1_Event`, a few kinds each; nil for a kind that is another's.
extension Daybook_V1_Event {
  static func message(_ event: Event) throws -> OneOf_Body? {
    switch event.body {
    case .messageSent(let message):
      .messageSent(
        try .with {
          $0.content = try message.generatedContent()
          $0.clientTimeMs = message.clientTime.milliseconds
          $0.senderName = message.senderName
          $0.receipts = Daybook_V1_Receipts(rawValue: Int(message.receipts.rawValue))!
          guard let extras = message.extras else { return }
          $0.replyTo = extras.replyTo.rawValue
          $0.mentions = extras.mentions.map(\.text)
          $0.mentionsEveryone = extras.mentionsEveryone
          if let forwarded = extras.forwarded { $0.forwarded = forwarded.generated }
          $0.expiresAtMs = extras.expiresAt.milliseconds
        })
    case .messageCopied(let message, let to, let peerSeq):
      .messageCopied(
        try .with {
          $0.content = try message.generatedContent()
          $0.clientTimeMs = message.clientTime.milliseconds
          $0.senderName = message.senderName
          $0.to = to.text
          $0.peerSeq = peerSeq.rawValue
          guard let extras = message.extras else { return }
          $0.replyTo = extras.replyTo.rawValue
          $0.mentions = extras.mentions.map(\.text)
          $0.mentionsEveryone = extras.mentionsEveryone
          if let forwarded = extras.forwarded { $0.forwarded = forwarded.generated }
          $0.expiresAtMs = extras.expiresAt.milliseconds
        })
    case .messageWithheld(let message):
      .messageWithheld(
        try .with {
          $0.content = try message.generatedContent()
          $0.clientTimeMs = message.clientTime.milliseconds
          $0.senderName = message.senderName
          guard let extras = message.extras else { return }
          $0.replyTo = extras.replyTo.rawValue
          $0.mentions = extras.mentions.map(\.text)
          $0.mentionsEveryone = extras.mentionsEveryone
          if let forwarded = extras.forwarded { $0.forwarded = forwarded.generated }
          $0.expiresAtMs = extras.expiresAt.milliseconds
        })
    default: nil
    }
  }

  static func receipt(_ event: Event) -> OneOf_Body? {
    switch event.body {
    case .acked(let upTo, let senders, let after):
      .acked(
        .with {
          $0.upToSeq = upTo.rawValue
          $0.senders = senders.map(\.user.text)
          let ids = senders.map(\.lastMessage.rawValue)
          if ids.contains(where: { $0 != 0 }) { $0.senderMessageIds = ids }
          $0.afterSeq = after.rawValue
          let bounds = senders.map(\.after.rawValue)
          if bounds.contains(where: { $0 != 0 }) { $0.senderAfterMessageIds = bounds }
        })
    case .read(let peer, let upTo, let notice):
      .read(
        .with {
          $0.peer = peer?.text ?? ""
          $0.upToSeq = upTo.rawValue
          $0.upToMessageID = notice.message.rawValue
          $0.untold = notice == .nobody
        })
    case .messagesDelivered(let by, let upTo):
      .messagesDelivered(
        .with {
          $0.by = by.text
          $0.upToPeerSeq = upTo.peerSeq.rawValue
          $0.upToMessageID = upTo.message.rawValue
          $0.afterMessageID = upTo.after.rawValue
        })
    case .messagesRead(let by, let upTo):
      .messagesRead(
        .with {
          $0.by = by.text
          $0.upToPeerSeq = upTo.peerSeq.rawValue
          $0.upToMessageID = upTo.message.rawValue
        })
    case .noted: .noted(.init())
    default: nil
    }
  }

  static func amendment(_ event: Event) throws -> OneOf_Body? {
    switch event.body {
    case .messageRecalled(let target):
      .messageRecalled(
        .with {
          $0.peer = target.peer?.text ?? ""
          $0.targetSeq = target.seq.rawValue
        })
    case .messageEdited(let target, let content):
      .messageEdited(
        try .with {
          $0.peer = target.peer?.text ?? ""
          $0.targetSeq = target.seq.rawValue
          $0.content = try Daybook_V1_Content(serializedBytes: Array(content.readableBytesView))
        })
    case .reactionAdded(let target, let reaction):
      .reactionAdded(
        .with {
          $0.peer = target.peer?.text ?? ""
          $0.targetSeq = target.seq.rawValue
          $0.reaction = reaction
        })
    case .reactionRemoved(let target, let reaction):
      .reactionRemoved(
        .with {
          $0.peer = target.peer?.text ?? ""
          $0.targetSeq = target.seq.rawValue
          $0.reaction = reaction
        })
    case .messageTombstone(let tombstone):
      .messageTombstone(
        .with {
          $0.by = tombstone.by?.text ?? ""
          $0.atMs = tombstone.at.milliseconds
          $0.isEdit = tombstone.isEdit
          $0.to = tombstone.to?.text ?? ""
          $0.peerSeq = tombstone.peerSeq.rawValue
          $0.clientTimeMs = tombstone.clientTime.milliseconds
          $0.senderName = tombstone.senderName
        })
    case .amendmentWithheld(let withheld): .amendmentWithheld(try withheld.generated())
    default: nil
    }
  }

  static func ofGroup(_ event: Event) -> OneOf_Body? {
    switch event.body {
    case .groupCreated(let settings):
      .groupCreated(
        .with {
          $0.title = settings.title
          $0.description_p = settings.description
          $0.joinPolicy = settings.joinPolicy.generated
          $0.historyShown = settings.isHistoryShown
          $0.silenced = settings.isSilenced
          if let listed = settings.membersListed { $0.membersListed = listed }
        })
    case .groupChanged(let settings):
      .groupChanged(
        .with {
          $0.title = settings.title
          $0.description_p = settings.description
          $0.joinPolicy = settings.joinPolicy.generated
          $0.historyShown = settings.isHistoryShown
          $0.silenced = settings.isSilenced
          if let listed = settings.membersListed { $0.membersListed = listed }
        })
    case .groupDissolved: .groupDissolved(.init())
    default: nil
    }
  }

  static func ofMember(_ event: Event) -> OneOf_Body? {
    switch event.body {
    case .memberJoined(let member, let role, let from):
      .memberJoined(
        .with {
          $0.groupSeq = from.rawValue
          $0.member = member.text
          $0.role = role.generated
        })
    case .memberLeft(let member, let successor, let through):
      .memberLeft(
        .with {
          $0.groupSeq = through.rawValue
          $0.member = member.text
          $0.successor = successor?.text ?? ""
        })
    case .memberInvited(let member, let moderators):
      .memberInvited(
        .with {
          $0.member = member.text
          $0.moderators = moderators.map(\.text)
        })
    case .joinRequested(let member, let moderators):
      .joinRequested(
        .with {
          $0.member = member.text
          $0.moderators = moderators.map(\.text)
        })
    case .joinRefused(let member, let moderators):
      .joinRefused(
        .with {
          $0.member = member.text
          $0.moderators = moderators.map(\.text)
        })
    case .roleChanged(let member, let role):
      .roleChanged(
        .with {
          $0.member = member.text
          $0.role = role.generated
        })
    case .memberSilenced(let member, let isSilenced):
      .memberSilenced(
        .with {
          $0.member = member.text
          $0.silenced = isSilenced
        })
    default: nil
    }
  }

  /// What a mailbox is told of a group.
  static func notice(_ event: Event) -> OneOf_Body? {
    switch event.body {
    case .groupCursors(let cursors):
      .groupCursors(
        .with {
          $0.cursors = cursors.map { cursor in
            .with {
              $0.group = cursor.group.text
              $0.upToGroupSeq = cursor.upTo.rawValue
            }
          }
        })
    case .groupWaiting(let group, let member, let waiting):
      .groupWaiting(
        .with {
          $0.group = group.text
          $0.member = member.text
          $0.waiting = Daybook_V1_Waiting(rawValue: Int(waiting.rawValue))!
        })
    case .groupJoined(let group, let at):
      .groupJoined(
        .with {
          $0.group = group.text
          $0.groupSeq = at.rawValue
        })
    case .groupLeft(let group, let at):
      .groupLeft(
        .with {
          $0.group = group.text
          $0.groupSeq = at.rawValue
        })
    case .groupRead(let group, let upTo, let isTold):
      .groupRead(
        .with {
          $0.told = isTold
          $0.group = group.text
          $0.upToGroupSeq = upTo.rawValue
        })
    case .groupInvited(let group, let at):
      .groupInvited(
        .with {
          $0.group = group.text
          $0.groupSeq = at.rawValue
        })
    case .groupRefused(let group, let at):
      .groupRefused(
        .with {
          $0.group = group.text
          $0.groupSeq = at.rawValue
        })
    case .groupCleared(let group, let upTo):
      .groupCleared(
        .with {
          $0.group = group.text
          $0.upToGroupSeq = upTo.rawValue
        })
    default: nil
    }
  }

  static func ofPerson(_ event: Event) -> OneOf_Body? {
    switch event.body {
    case .userBlocked(let peer): .userBlocked(.with { $0.peer = peer.text })
    case .userUnblocked(let peer): .userUnblocked(.with { $0.peer = peer.text })
    case .conversationMarked(let conversation, let marks):
      .conversationMarked(
        .with {
          $0.conversation = conversation.text
          $0.quiet = marks.isQuiet
          $0.pinned = marks.isPinned
          $0.unread = marks.isUnread
        })
    case .conversationCleared(let peer, let upTo):
      .conversationCleared(
        .with {
          $0.peer = peer?.text ?? ""
          $0.upToSeq = upTo.rawValue
        })
    default: nil
    }
  }

  static func ofDevice(_ event: Event) -> OneOf_Body? {
    switch event.body {
    case .cursorOpened(let cursor, let registration):
      .cursorOpened(
        .with {
          $0.cursor = cursor.rawValue
          $0.registration = registration.rawValue
        })
    case .deviceForgotten(let device): .deviceForgotten(.with { $0.device = device.text })
    case .sessionOpened(let session, let client, let deviceClass):
      .sessionOpened(
        .with {
          $0.session = session
          $0.client = client
          $0.deviceClass = deviceClass
        })
    case .tokensRevoked(let revoked):
      .tokensRevoked(
        .with {
          $0.device = revoked.device?.text ?? ""
          $0.tokenID = revoked.tokenID
          $0.issuedUntilMs = revoked.issuedUntil.milliseconds
          $0.ofService = revoked.isOfService
        })
    case .sessionClosed(let session, let reason):
      .sessionClosed(
        .with {
          $0.session = session
          $0.reason = reason
        })
    default: nil
    }
  }
}

extension DaybookModel.Message {
  fileprivate func generatedContent() throws -> Daybook_V1_Content {
    try Daybook_V1_Content(serializedBytes: Array(content.readableBytesView))
  }
}

extension Forwarded {
  fileprivate var generated: Daybook_V1_Forwarded {
    .with {
      $0.messageID = messageID.rawValue
      $0.user = user.text
      $0.recordedAtMs = recordedAt.milliseconds
    }
  }
}

extension Role {
  fileprivate var generated: Daybook_V1_Role {
    switch self {
    case .member: .member
    case .admin: .admin
    case .owner: .owner
    }
  }
}

extension JoinPolicy {
  fileprivate var generated: Daybook_V1_JoinPolicy {
    switch self {
    case .open: .open
    case .approval: .approval
    case .invitation: .invitation
    }
  }
}

extension WithheldAmendment {
  fileprivate func generated() throws -> Daybook_V1_AmendmentWithheld {
    try .with {
      $0.peer = author.text
      switch change {
      case .recalled: $0.amendment = .recalled
      case .edited(let content):
        $0.amendment = .edited
        $0.content = try Daybook_V1_Content(serializedBytes: Array(content.readableBytesView))
      case .reactionAdded(let reaction): ($0.amendment, $0.reaction) = (.reactionAdded, reaction)
      case .reactionRemoved(let reaction):
        ($0.amendment, $0.reaction) = (.reactionRemoved, reaction)
      }
    }
  }
}
