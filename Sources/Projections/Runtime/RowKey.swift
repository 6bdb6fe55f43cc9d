import DaybookModel

/// What names a row: a stream, and up to two ids within it. Compared by bytes, as ids are, and
/// hashed by what the stream's key already carries.
struct RowKey: Hashable {
  let hash: UInt64
  let stream: String
  let first: String
  let second: String

  init(_ stream: StreamKey, _ first: String = "", _ second: String = "") {
    var hash = StableHash(seed: stream.fingerprint)
    if !first.isEmpty { hash.combine(first) }
    if !second.isEmpty { hash.combine(second) }
    self.hash = hash.finish()
    self.stream = stream.text
    self.first = first
    self.second = second
  }

  static func == (a: RowKey, b: RowKey) -> Bool {
    a.hash == b.hash && sameBytes(a.stream, b.stream) && sameBytes(a.first, b.first)
      && sameBytes(a.second, b.second)
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }

  /// Swift's `==` would call composed and decomposed letters equal.
  static func sameBytes(_ a: String, _ b: String) -> Bool {
    var a = a
    var b = b
    return a.withUTF8 { a in
      b.withUTF8 { b in
        guard a.count == b.count else { return false }
        for at in 0..<a.count where a[at] != b[at] { return false }
        return true
      }
    }
  }
}
