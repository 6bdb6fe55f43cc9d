import DaybookModel
import DaybookSchema
import NIOCore

/// An event as it lies in a batch.
enum RecordTarget {
  static func run(_ bytes: [UInt8]) -> Bool {
    _ = bytes.withUnsafeBytes { try? EventScan.slot(of: $0, start: 4) }
    _ = bytes.withUnsafeBytes { try? EventDecoding.decode($0, content: .skipped) }
    guard let event = try? EventDecoding.decode(ByteBuffer(bytes: bytes)) else { return false }
    let encoded = EventEncoding.encode(event)
    guard let again = try? EventDecoding.decode(encoded) else {
      preconditionFailure("an event that was decoded is encoded to what can't be")
    }
    // Ids that are there and empty are no ids: that alone may differ from what was read.
    precondition(EventEncoding.encode(again) == encoded, "an event is not what it is encoded to")
    return true
  }

  static var seeds: [[UInt8]] {
    let bodies: [Event.Body] = [
      .noted,
      .acked(
        upTo: Seq(7),
        senders: [DeliveredSender(UserID(checked: "bob"), lastMessage: MessageID(8))]),
      .messagesRead(by: UserID(checked: "bob"), upTo: .peerSeq(Seq(300))),
      .read(peer: UserID(checked: "bob"), upTo: Seq(3), notice: .upTo(MessageID(9))),
      .amendmentWithheld(WithheldAmendment(by: UserID(checked: "bob"), .reactionAdded("+1"))),
      .cursorOpened(cursor: Seq(3), registration: Seq(2)),
      .sessionOpened(session: "s1", client: "test"),
      .reactionAdded(
        MessageTarget(peer: UserID(checked: "bob"), seq: Seq(4)), "+1"),
      .conversationMarked(
        .group(GroupID(checked: "all")), ConversationMarks(isQuiet: true, isPinned: true)),
      .deviceForgotten(DeviceID(checked: "phone")),
      .tokensRevoked(
        Revocation(
          device: DeviceID(checked: "phone"), issuedUntil: Timestamp(milliseconds: 9),
          isOfService: true)),
    ]
    return bodies.map { body in
      let event = Event(
        stream: .user(UserID(checked: "alice")), seq: Seq(5), messageID: .none,
        recordedAt: Timestamp(milliseconds: 1_800_000_000_000),
        actor: Actor(user: UserID(checked: "alice"), device: DeviceID(checked: "phone")),
        command: CommandID(origin: Origin("phone".utf8)!, number: 9, digest: 77),
        cause: Cause(partition: PartitionID(3), offset: Offset(12), index: 1), body: body)
      return EventEncoding.encode(event).array
    }
  }
}
