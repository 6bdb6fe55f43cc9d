import DaybookModel

/// The last messages of a conversation, for reads that stop short of the newest. Only a shortcut:
/// what it no longer holds is in the log.
struct RecentMessages {
  private struct Entry {
    let seq: Seq
    let sender: UserID?
  }

  private let capacity: Int
  private var entries: [Entry] = []
  private var oldest = 0
  /// Every message past this seq is here.
  private var completePast: Seq

  init(capacity: Int, completePast: Seq = .none) {
    self.capacity = capacity
    self.completePast = completePast
  }

  /// `sender` may be left out where there is nobody to tell apart.
  mutating func append(_ seq: Seq, sender: UserID?) {
    let entry = Entry(seq: seq, sender: sender)
    if entries.count < capacity {
      entries.append(entry)
      return
    }
    completePast = entries[oldest].seq
    entries[oldest] = entry
    oldest = (oldest + 1) % capacity
  }

  /// Messages past `seq`, and those of them by `reader`; nil where that can't be told from here.
  func count(after seq: Seq, by reader: UserID?) -> (all: UInt64, own: UInt64)? {
    guard seq >= completePast else { return nil }
    var all: UInt64 = 0
    var own: UInt64 = 0
    for entry in entries where entry.seq > seq {
      all += 1
      if let reader, entry.sender == reader { own += 1 }
    }
    return (all, own)
  }
}
