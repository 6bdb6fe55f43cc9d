import DaybookModel

/// Headers of a record, in the order in which they are written. Names and values are those of
/// CloudEvents 1.0 in Kafka's binary mode.
package enum RecordHeader: Int, Sendable, CaseIterable {
  case specversion, id, source, type, time, subject, partitionkey, sequence, contentType

  package var name: StaticString {
    switch self {
    case .specversion: "ce_specversion"
    case .id: "ce_id"
    case .source: "ce_source"
    case .type: "ce_type"
    case .time: "ce_time"
    case .subject: "ce_subject"
    case .partitionkey: "ce_partitionkey"
    case .sequence: "ce_sequence"
    case .contentType: "content-type"
    }
  }
}

/// One record of Kafka, in one piece of memory that the next one is written into.
package struct RecordBytes {
  /// What lies in memory while `withView` runs.
  package struct View {
    /// The stream's name, by which Kafka's own partitioner finds the same partition.
    package let key: UnsafeRawBufferPointer
    package let value: UnsafeRawBufferPointer
    fileprivate let bytes: UnsafeRawBufferPointer
    fileprivate let headers: [Range<Int>]

    /// Nil for one that the record doesn't have.
    package subscript(_ header: RecordHeader) -> UnsafeRawBufferPointer? {
      let range = headers[header.rawValue]
      return range.isEmpty ? nil : UnsafeRawBufferPointer(rebasing: bytes[range])
    }
  }

  /// When the event was recorded, in milliseconds since 1970.
  package private(set) var timestampMilliseconds: Int64 = 0
  private var bytes: [UInt8] = []
  private var headers = [Range<Int>](repeating: 0..<0, count: RecordHeader.allCases.count)
  private var key = 0..<0
  private var value = 0..<0
  private var clock = TimeText()

  package init() {}

  package func withView<R>(_ body: (View) throws -> R) rethrows -> R {
    try bytes.withUnsafeBytes { bytes in
      try body(
        View(
          key: UnsafeRawBufferPointer(rebasing: bytes[key]),
          value: UnsafeRawBufferPointer(rebasing: bytes[value]), bytes: bytes, headers: headers))
    }
  }

  // MARK: writing, by RecordFormat

  mutating func begin() {
    bytes.removeAll(keepingCapacity: true)
    for header in headers.indices { headers[header] = 0..<0 }
  }

  mutating func set(_ header: RecordHeader, _ append: (inout [UInt8]) -> Void) {
    let start = bytes.count
    append(&bytes)
    headers[header.rawValue] = start..<bytes.count
  }

  mutating func set(time: Timestamp) {
    timestampMilliseconds = Int64(clamping: time.milliseconds)
    let start = bytes.count
    clock.append(time, to: &bytes)
    headers[RecordHeader.time.rawValue] = start..<bytes.count
  }

  /// The key, and the headers that have the same bytes.
  mutating func set(stream: UnsafeRawBufferPointer) {
    let start = bytes.count
    bytes.append(contentsOf: stream)
    key = start..<bytes.count
    guard CloudEventText.isAllowed(stream) else { return }
    headers[RecordHeader.subject.rawValue] = key
    headers[RecordHeader.partitionkey.rawValue] = key
  }

  mutating func setValue(
    _ append: (inout [UInt8]) throws(DaybookError) -> Void
  ) throws(DaybookError) {
    let start = bytes.count
    try append(&bytes)
    value = start..<bytes.count
  }
}

/// What a string of CloudEvents may hold.
enum CloudEventText {
  /// Ids have no control characters, but they may have noncharacters, U+FDD0 to U+FDEF and the last two
  /// of each plane, which CloudEvents forbids. In UTF-8 those begin with EF B7 9 or EF B7 A, or end with
  /// BF BE or BF BF behind a byte that ends in F.
  static func isAllowed(_ utf8: UnsafeRawBufferPointer) -> Bool {
    guard utf8.contains(where: { $0 >= 0xef }) else { return true }
    return String(decoding: utf8, as: UTF8.self).unicodeScalars.allSatisfy {
      $0.value & 0xfffe != 0xfffe && !(0xfdd0...0xfdef).contains($0.value)
    }
  }
}

/// Decimal digits, and times, as bytes: of every record, so without a string.
enum Digits {
  static func append(_ value: UInt64, width: Int = 1, to bytes: inout [UInt8]) {
    var length = 1
    var rest = value
    while rest >= 10 {
      rest /= 10
      length += 1
    }
    for _ in length..<max(length, width) { bytes.append(UInt8(ascii: "0")) }
    let start = bytes.count
    for _ in 0..<length { bytes.append(UInt8(ascii: "0")) }
    rest = value
    for at in (start..<start + length).reversed() {
      bytes[at] += UInt8(rest % 10)
      rest /= 10
    }
  }
}

/// `Timestamp.rfc3339`, which it makes anew only for another second.
struct TimeText {
  private var second: UInt64 = .max
  /// Up to the full stop.
  private var upToSecond: [UInt8] = []

  mutating func append(_ time: Timestamp, to bytes: inout [UInt8]) {
    let asked = time.milliseconds / 1_000
    if asked != second {
      second = asked
      upToSecond = Array(time.rfc3339.utf8.dropLast(4))
    }
    bytes.append(contentsOf: upToSecond)
    Digits.append(time.milliseconds % 1_000, width: 3, to: &bytes)
    bytes.append(UInt8(ascii: "Z"))
  }
}
