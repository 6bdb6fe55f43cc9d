import DaybookModel

/// Which event a record says that it is.
struct RecordClaim {
  var source: String?
  /// By `ce_id`, or else by `ce_sequence`; nil for a record that says neither.
  var offset: Offset?
  var partition: Int?

  init(_ record: TopicRecord) {
    source = RecordClaim.text(of: .source, in: record)
    if let id = RecordClaim.text(of: .id, in: record), let dash = id.firstIndex(of: "-"),
      let partition = Int(id[..<dash]), let offset = Int64(id[id.index(after: dash)...])
    {
      self.partition = partition
      self.offset = Offset(offset)
    } else if let sequence = RecordClaim.text(of: .sequence, in: record) {
      offset = Int64(sequence).map { Offset($0) }
    }
  }

  private static func text(of header: RecordHeader, in record: TopicRecord) -> String? {
    record.headers.first { $0.name == "\(header.name)" }?.value
      .flatMap { String(validating: $0, as: UTF8.self) }
  }
}
