package import DaybookModel

/// How a log's events become records of Kafka: CloudEvents 1.0 in binary mode (`schemas/kafka.md`).
package struct RecordFormat: Sendable {
  /// As many as an offset has at most, so that names sort as numbers do.
  package static let sequenceDigits = 20

  package let shape: RecordShape
  /// The header by which events of two logs, or of two branches of one, differ.
  package let sourceName: String
  private let source: [UInt8]

  package init(source: LogSource, shape: RecordShape) {
    self.shape = shape
    sourceName = "/daybook/logs/\(source.logID)/branches/\(source.branchID)"
    self.source = Array(sourceName.utf8)
  }

  /// Writes the record of an event of this position. False for one that the mirror leaves out: then
  /// `record` is what it was. Throws `log_corrupt`, and `format_version` for a kind that this version
  /// doesn't know: the name that it would get stays in the topic for ever.
  package func write(
    _ event: UnsafeRawBufferPointer, at offset: Offset, of partition: PartitionID,
    to record: inout RecordBytes
  ) throws(DaybookError) -> Bool {
    let head = try EventHead(event)
    return try write(event, head, at: offset, of: partition, to: &record)
  }

  func write(
    _ event: UnsafeRawBufferPointer, _ head: EventHead, at offset: Offset,
    of partition: PartitionID, to record: inout RecordBytes
  ) throws(DaybookError) -> Bool {
    guard shape.filter.takes(head.kind, of: head.stream) else { return false }
    guard let kind = head.kind else {
      throw DaybookError(
        .formatVersion,
        "the event at offset \(offset) of partition \(partition) is of a kind that this version doesn't "
          + "know: mirror it with a newer one")
    }
    let position = UInt64(max(0, offset.rawValue))
    record.begin()
    record.set(.specversion) { $0.append(contentsOf: "1.0".utf8) }
    record.set(.id) { bytes in
      Digits.append(UInt64(partition.rawValue), to: &bytes)
      bytes.append(UInt8(ascii: "-"))
      Digits.append(position, to: &bytes)
    }
    record.set(.source) { $0.append(contentsOf: source) }
    record.set(.type) { $0.append(contentsOf: RecordType.bytes[Int(kind.rawValue)]) }
    record.set(time: head.recordedAt)
    record.set(stream: head.stream)
    record.set(.sequence) {
      Digits.append(position, width: RecordFormat.sequenceDigits, to: &$0)
    }
    record.set(.contentType) { $0.append(contentsOf: mediaType) }
    try record.setValue { bytes throws(DaybookError) in try append(event, to: &bytes) }
    return true
  }

  private var mediaType: UnsafeBufferPointer<UInt8> {
    let name = shape.value.mediaType
    return UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
  }

  private func append(
    _ event: UnsafeRawBufferPointer, to bytes: inout [UInt8]
  ) throws(DaybookError) {
    switch (shape.value, shape.redaction) {
    case (.protobuf, .none): bytes.append(contentsOf: event)
    case (.protobuf, .content): try ContentRedaction.append(event, to: &bytes)
    case (.json, .none): try EventJSON.append(Array(event), to: &bytes)
    case (.json, .content):
      var redacted: [UInt8] = []
      try ContentRedaction.append(event, to: &redacted)
      try EventJSON.append(redacted, to: &bytes)
    }
  }
}
