import DaybookModel
import DaybookSchema
public import DaybookSDK
import NIOCore
import SwiftProtobuf

/// An event of the log, with its place there: `schemas/events.md` says what each kind means.
public struct FeedEvent: Sendable {
  /// The partition, and the event's offset there: two of one partition are in the order of their offsets.
  public let partition: Int
  public let offset: UInt64
  /// `user/<id>`, a mailbox, or `group/<id>`.
  public let stream: String
  /// The position in the stream, from 1; 0 for a kind that has none.
  public let seq: UInt64
  /// As `schemas/events.md` names it: `message_sent`. Nil for a kind that this library doesn't know.
  public let kind: String?
  /// 63 bits; 0 for what is about no message.
  public let messageID: UInt64
  /// Milliseconds since 1970, which never fall within a partition.
  public let recordedAtMilliseconds: UInt64
  /// Who did it; a service may have acted for a user. Empty where there is none.
  public let user: String
  public let device: String
  public let service: String
  /// What was written, of a message or an edit whose content is text.
  public let text: String?
  /// The event as it stands in the log: a protobuf `Event` (`schemas/daybook/v1/event.proto`).
  public let bytes: [UInt8]

  /// Protobuf's JSON form of all of it. Throws `invalid_input` for what can't be decoded.
  public func json() throws(ClientError) -> String {
    do {
      return try Daybook_V1_Event(serializedBytes: bytes).jsonString(options: JSONForm.writing)
    } catch {
      throw ClientError(DaybookError(.invalidInput, "an event's bytes can't be decoded"))
    }
  }

  init(
    _ partition: UInt32, _ offset: UInt64, _ bytes: UnsafeRawBufferPointer
  ) throws(DaybookError) {
    let envelope = try EventEnvelope(of: bytes)
    self.partition = Int(partition)
    self.offset = offset
    self.bytes = Array(bytes)
    stream = String(decoding: envelope.stream, as: UTF8.self)
    kind = envelope.kind?.name
    recordedAtMilliseconds = envelope.recordedAt.milliseconds
    guard envelope.kind != nil else {
      (seq, messageID, user, device, service, text) = (0, 0, "", "", "", nil)
      return
    }
    let event = try EventDecoding.decode(bytes)
    seq = event.seq.rawValue
    messageID = event.messageID.rawValue
    user = event.actor.user?.text ?? ""
    device = event.actor.device?.text ?? ""
    service = event.actor.service?.text ?? ""
    text = FeedEvent.text(of: event)
  }

  private static func text(of event: Event) -> String? {
    let content =
      switch event.body {
      case .messageSent(let message), .messageCopied(let message, _, _),
        .messageWithheld(let message):
        message.content
      case .messageEdited(_, let content): content
      default: nil as ByteBuffer?
      }
    guard let content, case .text(let text) = try? ContentCoding.show(content) else { return nil }
    return text
  }
}
