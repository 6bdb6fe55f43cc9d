import DaybookModel

/// The last messages of a group, for reads that stop short of the newest. Only a shortcut:
/// what it no longer holds is in the log.
struct RecentMessages {
  private struct Entry {
    let seq: Seq
    let sender: UserID?
    let mentions: MessageExtras?
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

  mutating func append(_ seq: Seq, sender: UserID?, mentions: MessageExtras?) {
    let entry = Entry(seq: seq, sender: sender, mentions: mentions)
    assert(entries.count <= capacity && oldest < capacity, "the oldest makes room")
    if entries.count < capacity {
      entries.append(entry)
      return
    }
    completePast = entries[oldest].seq
    entries[oldest] = entry
    oldest = (oldest + 1) % capacity
  }

  /// Of the messages past `seq`; nil where that can't be told from here.
  func tally(after seq: Seq, for reader: UserID) -> MessageTally? {
    guard seq >= completePast else { return nil }
    var tally = MessageTally()
    for entry in entries where entry.seq > seq {
      tally.add(sender: entry.sender, extras: entry.mentions, reader: reader, in: .group)
    }
    return tally
  }
}
