import DaybookModel

/// What names a row: a stream, a number within it where the layout has one, and up to two texts.
/// Compared by bytes, as ids are, and hashed by what the stream's key already carries.
struct RowKey {
  let hash: UInt64
  let stream: String
  let number: UInt64
  let first: String
  let second: String

  init(
    _ stream: StreamKey, number: UInt64 = 0, _ first: String = "", _ second: String = ""
  ) {
    var hash = StableHash(seed: stream.fingerprint)
    if number != 0 { hash.combine(number) }
    if !first.isEmpty { hash.combine(first) }
    if !second.isEmpty { hash.combine(second) }
    self.hash = hash.finish()
    self.stream = stream.text
    self.number = number
    self.first = first
    self.second = second
  }

  @inline(__always)
  static func == (a: borrowing RowKey, b: borrowing RowKey) -> Bool {
    a.hash == b.hash && a.number == b.number && ByteEquality.of(a.stream, b.stream)
      && ByteEquality.of(a.first, b.first) && ByteEquality.of(a.second, b.second)
  }

  /// To a statement that takes the layout's keys, in their order.
  func bind(to statement: PreparedSQL, of layout: TableLayout) {
    var left = layout.keys.count
    var parameter: Int32 = 1
    statement.bind(stream, at: parameter)
    if layout.hasNumberKey {
      parameter += 1
      left -= 1
      statement.bind(number, at: parameter)
    }
    for text in [first, second].prefix(left - 1) {
      parameter += 1
      statement.bind(text, at: parameter)
    }
    assert(Int(parameter) == layout.keys.count, "a table has no more keys than can be told")
  }
}

/// Where a row stands among those that a commit writes: rows that the file has by where they lie, then
/// new ones nearly in the order of their keys. Each page of a table, and of what finds rows by their
/// keys, is then written once.
///
/// Of keys that differ further on than this looks, either may come first.
struct WriteOrder: Comparable {
  private let major: UInt64
  private let minor: UInt64
  private let last: UInt64
  let slot: Int

  init(stored id: Int64, slot: Int) {
    (major, minor, last) = (0, UInt64(bitPattern: id), 0)
    self.slot = slot
  }

  init(new key: RowKey, slot: Int) {
    var stream = key.stream
    (major, minor) = stream.withUTF8 { utf8 in
      // What kind of stream it is, and what is behind the kind's name.
      let kind = utf8.first.map { UInt64($0) << 56 } ?? 1
      return (kind | WriteOrder.word(utf8, at: 5) >> 8, WriteOrder.word(utf8, at: 12))
    }
    var first = key.first
    last = key.number != 0 ? key.number : first.withUTF8 { WriteOrder.word($0, at: 0) }
    self.slot = slot
  }

  /// Eight bytes, of which the first counts most; zeros behind the end.
  private static func word(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt64 {
    var word: UInt64 = 0
    for at in start..<start + 8 { word = word << 8 | (at < bytes.count ? UInt64(bytes[at]) : 0) }
    return word
  }

  static func < (a: WriteOrder, b: WriteOrder) -> Bool {
    if a.major != b.major { return a.major < b.major }
    if a.minor != b.minor { return a.minor < b.minor }
    return a.last != b.last ? a.last < b.last : a.slot < b.slot
  }
}
