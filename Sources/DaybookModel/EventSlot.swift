/// Where one event lies in a batch's body, and what indexes and gateways need of it without
/// decoding it. Made once: by the owner that encodes the event, or by a scan of stored bytes.
package struct EventSlot: Sendable, Equatable {
  /// First byte of the event in the body, behind its length prefix; and its length.
  package var start: UInt32
  package var length: UInt32
  /// Fingerprint of the stream, and of the conversation where the event is a message; of what
  /// changes or withholds a message, its stream's key of such; else 0.
  package var stream: UInt64
  package var conversation: UInt64
  package var seq: Seq
  package var messageID: MessageID
  /// Nil for one that this program doesn't know: it has its place all the same, and is pushed as it is.
  package var kind: EventKind?
  /// Fingerprint of the origin whose command it came of, and the command's number; 0 where there was
  /// none.
  package var origin: UInt64
  package var number: UInt64

  @inlinable
  package init(
    start: UInt32, length: UInt32, stream: UInt64, conversation: UInt64, seq: Seq,
    messageID: MessageID, kind: EventKind?, origin: UInt64 = 0, number: UInt64 = 0
  ) {
    self.start = start
    self.length = length
    self.stream = stream
    self.conversation = conversation
    self.seq = seq
    self.messageID = messageID
    self.kind = kind
    self.origin = origin
    self.number = number
  }
}
