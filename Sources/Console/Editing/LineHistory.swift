/// What was entered before, oldest first.
struct LineHistory {
  static let entriesMax = 1_000

  private(set) var entries: [String]
  /// Which one is shown; nil: what is being written.
  private var shown: Int?
  private var draft = ""

  init(_ entries: [String] = []) { self.entries = Array(entries.suffix(LineHistory.entriesMax)) }

  /// False for what is not worth keeping: nothing, and the last one again.
  mutating func add(_ entry: String) -> Bool {
    shown = nil
    guard !entry.isEmpty, entry != entries.last else { return false }
    entries.append(entry)
    if entries.count > LineHistory.entriesMax { entries.removeFirst() }
    return true
  }

  /// The one before; nil if there is none. `current` comes back after the newest.
  mutating func older(than current: String) -> String? {
    let at = (shown ?? entries.count) - 1
    guard entries.indices.contains(at) else { return nil }
    if shown == nil { draft = current }
    shown = at
    return entries[at]
  }

  mutating func newer() -> String? {
    guard let at = shown else { return nil }
    shown = at + 1 < entries.count ? at + 1 : nil
    return shown.map { entries[$0] } ?? draft
  }

  /// The newest that contains this, of those before an index.
  func find(_ part: String, before index: Int? = nil) -> Int? {
    guard !part.isEmpty else { return nil }
    return entries[..<(index ?? entries.count)].lastIndex { $0.contains(part) }
  }
}
