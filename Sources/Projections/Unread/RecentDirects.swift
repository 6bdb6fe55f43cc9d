import DaybookModel

/// A peer's last messages in a mailbox, for reads that stop short of the newest. Only a shortcut, as
/// `RecentMessages` is; there is nobody to tell apart, so that a message is a word: its seq, and whether
/// it mentions the owner.
struct RecentDirects {
  private static let capacity = 32

  private var words: [UInt64] = []
  private var oldest = 0
  /// Every message past this seq is here.
  private var completePast: Seq

  init(completePast: Seq = .none) { self.completePast = completePast }

  mutating func append(_ seq: Seq, isMentioned: Bool) {
    let word = seq.rawValue << 1 | (isMentioned ? 1 : 0)
    if words.count < RecentDirects.capacity {
      words.append(word)
      return
    }
    completePast = Seq(words[oldest] >> 1)
    words[oldest] = word
    oldest = (oldest + 1) % RecentDirects.capacity
  }

  /// Of the messages past `seq`; nil where that can't be told from here.
  func tally(after seq: Seq) -> MessageTally? {
    guard seq >= completePast else { return nil }
    var tally = MessageTally()
    for word in words where word >> 1 > seq.rawValue {
      tally.all += 1
      tally.mentioned += word & 1
    }
    return tally
  }
}
