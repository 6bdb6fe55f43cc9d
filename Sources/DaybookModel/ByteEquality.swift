/// Equality of strings by their bytes, for Swift's own compares letters.
package enum ByteEquality {
  @inlinable
  package static func of(_ a: String, _ b: String) -> Bool {
    // Short strings hold their bytes in themselves, and copies of long ones share them: the same
    // words mean the same bytes. This decides nearly every lookup that finds something.
    let (x, y) = (unsafeBitCast(a, to: Words.self), unsafeBitCast(b, to: Words.self))
    if x.0 == y.0 && x.1 == y.1 { return true }
    return slow(a, b)
  }

  @usableFromInline
  typealias Words = (UInt64, UInt64)

  @usableFromInline
  static func slow(_ a: String, _ b: String) -> Bool {
    var a = a
    return a.withUTF8 { of(b, UnsafeRawBufferPointer($0)) }
  }

  /// `utf8` is compared as it lies in memory, whatever it holds.
  package static func of(_ text: String, _ utf8: UnsafeRawBufferPointer) -> Bool {
    var text = text
    return text.withUTF8 { text in
      let (a, b) = (UnsafeRawBufferPointer(text), utf8)
      guard a.count == b.count else { return false }
      var at = 0
      while at + 8 <= a.count {
        if a.loadUnaligned(fromByteOffset: at, as: UInt64.self)
          != b.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        {
          return false
        }
        at += 8
      }
      while at < a.count {
        if a[at] != b[at] { return false }
        at += 1
      }
      return true
    }
  }
}
