package import DaybookModel

/// How a kind of event is named in Kafka: `daybook.v1.message.sent`. The table is in
/// `schemas/kafka.md`; consumers choose by these names, so none is ever given another.
package enum RecordType {
  package static let prefix = "daybook.v1."

  package static func name(of kind: EventKind) -> String {
    prefix + kind.name.map { $0 == "_" ? "." : String($0) }.joined()
  }

  /// The kind that somebody names as `message_sent` or as `daybook.v1.message.sent`.
  package static func kind(named text: String) -> EventKind? {
    EventKind.allCases.first { $0.name == text || name(of: $0) == text }
  }

  /// By number of kind, for headers.
  static let bytes: [[UInt8]] = (0...UInt8.max).map { number in
    EventKind(rawValue: number).map { Array(name(of: $0).utf8) } ?? []
  }
}
