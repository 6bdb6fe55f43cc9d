package import DaybookModel

/// Which events a mirror has: of some kinds, of some streams, or all.
package struct EventFilter: Sendable, Equatable {
  package static let all = EventFilter(kinds: nil, streams: nil)

  /// By ascending number; nil for all.
  package let kinds: [EventKind]?
  /// Nil for all.
  let streams: StreamPatterns?
  /// By number of kind.
  private let takesKind: [Bool]

  private init(kinds: [EventKind]?, streams: StreamPatterns?) {
    self.kinds = kinds
    self.streams = streams
    let numbers = kinds.map { Set($0.map(\.rawValue)) }
    takesKind = (0...UInt8.max).map { numbers?.contains($0) ?? true }
  }

  /// Kinds as `message_sent` or `daybook.v1.message.sent`; streams as `group/dev`, or `user/*` and
  /// `group/dev-*` for all that begin so. No kinds are all of them, and so with streams. Throws
  /// `invalid_argument`.
  package init(types: [String], streams: [String]) throws(DaybookError) {
    var kinds: Set<EventKind> = []
    for type in types {
      guard let kind = RecordType.kind(named: type) else {
        throw DaybookError(
          .invalidArgument,
          "\(PrintableText.quoted(type)) is no type of event: schemas/kafka.md has all, as "
            + "message_sent or daybook.v1.message.sent")
      }
      kinds.insert(kind)
    }
    self.init(
      kinds: types.isEmpty ? nil : kinds.sorted { $0.rawValue < $1.rawValue },
      streams: streams.isEmpty ? nil : try StreamPatterns(streams))
  }

  package var isAll: Bool { kinds == nil && streams == nil }

  /// A kind that isn't known is one of all, and of no list.
  func takes(_ kind: EventKind?, of stream: UnsafeRawBufferPointer) -> Bool {
    guard kind.map({ takesKind[Int($0.rawValue)] }) ?? (kinds == nil) else { return false }
    return takes(stream: stream)
  }

  func takes(stream: UnsafeRawBufferPointer) -> Bool { streams?.match(stream) ?? true }

  package static func == (a: Self, b: Self) -> Bool {
    a.kinds == b.kinds && a.streams == b.streams
  }
}

/// Names of streams, and beginnings of names.
struct StreamPatterns: Sendable, Equatable {
  /// As given, sorted by bytes, each once.
  let patterns: [String]
  private let names: Set<[UInt8]>
  private let beginnings: [[UInt8]]

  init(_ patterns: [String]) throws(DaybookError) {
    var names: Set<[UInt8]> = []
    var beginnings: Set<[UInt8]> = []
    for pattern in patterns {
      if pattern.utf8.last == UInt8(ascii: "*") {
        beginnings.insert(try StreamPatterns.beginning(pattern))
      } else {
        names.insert(Array(try StreamKey(parsing: pattern).text.utf8))
      }
    }
    let texts =
      names.map { String(decoding: $0, as: UTF8.self) }
      + beginnings.map { String(decoding: $0, as: UTF8.self) + "*" }
    self.patterns = texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    self.names = names
    self.beginnings = beginnings.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private static func beginning(_ pattern: String) throws(DaybookError) -> [UInt8] {
    let bytes = Array(pattern.utf8.dropLast())
    let kinds = ["user/", "group/"]
    guard let kind = kinds.first(where: { bytes.starts(with: $0.utf8) }) else {
      throw DaybookError(
        .invalidArgument,
        "\(PrintableText.quoted(pattern)) names no streams: write user/* or group/*, or more in front "
          + "of the star")
    }
    // What could not be in an id would never be met.
    if bytes.count > kind.utf8.count { _ = try StreamKey(parsing: String(pattern.dropLast())) }
    return bytes
  }

  func match(_ stream: UnsafeRawBufferPointer) -> Bool {
    if !names.isEmpty, names.contains(Array(stream)) { return true }
    return beginnings.contains { stream.starts(with: $0) }
  }

  static func == (a: Self, b: Self) -> Bool { a.names == b.names && a.beginnings == b.beginnings }
}
