import DaybookModel
import DaybookSchema
import Mirror
import NIOCore

/// Events that tests have use for.
enum Events {
  static func bytes(_ event: Event) -> [UInt8] {
    Array(EventEncoding.encode(event).readableBytesView)
  }

  /// Of a direct message to somebody, or of one to a group.
  static func message(
    to stream: StreamKey, seq: UInt64, text: String = "hello", from user: String = "alice",
    at milliseconds: UInt64 = 1_700_000_000_123
  ) -> Event {
    Event(
      stream: stream, seq: Seq(seq), messageID: MessageID(seq << 10),
      recordedAt: Timestamp(milliseconds: milliseconds), actor: Actor(user: UserID(checked: user)),
      body: .messageSent(Message(content: ContentCoding.text(text))))
  }

  /// In a stream, of no seq.
  static func acked(in stream: StreamKey, upTo seq: UInt64) -> Event {
    Event(
      stream: stream, recordedAt: Timestamp(milliseconds: 1_700_000_000_124),
      actor: Actor(user: UserID(checked: "bob"), device: DeviceID(checked: "phone")),
      body: .acked(upTo: Seq(seq)))
  }
}

extension RecordFormat {
  /// The record of an event, as a topic's reader would have it; nil for one that is left out.
  func topicRecord(
    of event: [UInt8], at offset: Offset, of partition: PartitionID, topicOffset: Int64 = 0
  ) throws(DaybookError) -> TopicRecord? {
    var record = RecordBytes()
    var outcome: Result<Bool, DaybookError>?
    event.withUnsafeBytes { bytes in
      outcome = Result { () throws(DaybookError) in
        try write(bytes, at: offset, of: partition, to: &record)
      }
    }
    guard try outcome!.get() else { return nil }
    let time = record.timestampMilliseconds
    return record.withView { view in
      TopicRecord(
        offset: topicOffset, key: Array(view.key), value: Array(view.value),
        headers: RecordHeader.allCases.compactMap { header in
          view[header].map { TopicRecord.Header("\(header.name)", Array($0)) }
        }, timestampMilliseconds: time)
    }
  }
}

extension TopicRecord {
  func text(_ header: String) -> String? {
    headers.first { $0.name == header }?.value.map { String(decoding: $0, as: UTF8.self) }
  }
}
