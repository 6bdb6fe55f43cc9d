import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import SwiftProtobuf

/// `Event` as the generated code has it: the second opinion on the hand-written codec.
extension Daybook_V1_Event {
  init(_ event: Event) throws {
    self.init()
    stream = event.stream.text
    seq = event.seq.rawValue
    messageID = event.messageID.rawValue
    recordedAtMs = event.recordedAt.milliseconds
    user = event.actor.user?.text ?? ""
    device = event.actor.device?.text ?? ""
    service = event.actor.service?.text ?? ""
    if let command = event.command {
      origin = Data(command.origin.bytes)
      number = command.number
      digest = command.digest
    }
    if let cause = event.cause {
      self.cause = .with {
        $0.partition = UInt32(cause.partition.rawValue)
        $0.offset = UInt64(cause.offset.rawValue)
        $0.index = cause.index
      }
    }
    body = try Daybook_V1_Event.body(of: event)
  }

  private static func body(of event: Event) throws -> OneOf_Body {
    switch event.body {
    case .messageSent(let message):
      .messageSent(
        try .with {
          $0.content = try message.generatedContent()
          $0.clientTimeMs = message.clientTime.milliseconds
          $0.senderName = message.senderName
        })
    case .messageCopied(let message, let to, let peerSeq):
      .messageCopied(
        try .with {
          $0.content = try message.generatedContent()
          $0.clientTimeMs = message.clientTime.milliseconds
          $0.senderName = message.senderName
          $0.to = to.text
          $0.peerSeq = peerSeq.rawValue
        })
    case .acked(let upTo, let senders):
      .acked(
        .with {
          $0.upToSeq = upTo.rawValue
          $0.senders = senders.map(\.text)
        })
    case .read(let peer, let upTo):
      .read(
        .with {
          $0.peer = peer?.text ?? ""
          $0.upToSeq = upTo.rawValue
        })
    case .groupCreated(let title): .groupCreated(.with { $0.title = title })
    case .memberJoined(let member): .memberJoined(.with { $0.member = member.text })
    case .memberLeft(let member): .memberLeft(.with { $0.member = member.text })
    case .cursorOpened(let cursor): .cursorOpened(.with { $0.cursor = cursor.rawValue })
    case .noted: .noted(.init())
    default: notice(of: event)
    }
  }

  private static func notice(of event: Event) -> OneOf_Body {
    switch event.body {
    case .messagesDelivered(let by, let upTo):
      .messagesDelivered(
        .with {
          $0.by = by.text
          $0.upToPeerSeq = upTo.rawValue
        })
    case .messagesRead(let by, let upTo):
      .messagesRead(
        .with {
          $0.by = by.text
          $0.upToPeerSeq = upTo.rawValue
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
    case .groupRead(let group, let upTo):
      .groupRead(
        .with {
          $0.group = group.text
          $0.upToGroupSeq = upTo.rawValue
        })
    default: preconditionFailure("\(event.kind) is no notice")
    }
  }
}

extension DaybookModel.Message {
  fileprivate func generatedContent() throws -> Daybook_V1_Content {
    try Daybook_V1_Content(serializedBytes: Array(content.readableBytesView))
  }
}
