import DaybookModel
import Ports

/// Finding events by stream and by conversation, across segments.
extension PartitionSegments {
  func postings(
    stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting] {
    guard limit > 0, first <= last else { return [] }
    let high = highWatermark
    let all = all.filter { $0.base < high }
    // Seqs ascend with offsets: go back to the segment in which `first` lies, then forward.
    var start = all.count
    while start > 0 {
      start -= 1
      let index = try index(of: all[start], end: end(of: start, in: all, high))
      if let lowest = index.streamStart(stream), lowest <= first.rawValue { break }
    }
    var postings: [Posting] = []
    for at in start..<all.count where postings.count < limit {
      let entries = try index(of: all[at], end: end(of: at, in: all, high)).stream(
        stream, from: first.rawValue, through: last.rawValue, limit: limit - postings.count)
      for entry in entries {
        let offset = all[at].base.advanced(by: Int(entry.delta))
        // The index of a segment that is being written knows batches a moment early.
        if offset < high { postings.append(Posting(offset: offset, value: entry.value)) }
      }
      if let value = postings.last?.value, value >= last.rawValue { break }
    }
    return postings
  }

  func postings(
    conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting] {
    guard limit > 0 else { return [] }
    let high = highWatermark
    let all = all.filter { $0.base < high }
    let bound = before?.rawValue ?? .max
    // Highest id of any message in each segment or before it: once the page's lowest is above
    // that, nothing older belongs to the page, in whatever order a relay delivered.
    var highest: [UInt64] = []
    for segment in all { highest.append(max(highest.last ?? 0, messageIDMax(of: segment))) }
    var page: [Posting] = []
    for at in all.indices.reversed() {
      if page.count == limit, page[0].value > highest[at] { break }
      let entries = try index(of: all[at], end: end(of: at, in: all, high)).conversation(
        conversation, below: bound, limit: limit)
      let found = entries.map {
        Posting(offset: all[at].base.advanced(by: Int($0.delta)), value: $0.value)
      }.filter { $0.offset < high }
      guard !found.isEmpty else { continue }
      if let oldest = page.first, found[found.count - 1].value > oldest.value {
        page = (found + page).sorted { $0.value < $1.value }
      } else {
        page = found + page
      }
      if page.count > limit { page.removeFirst(page.count - limit) }
    }
    return page
  }

  /// No bound where the index isn't sealed or wasn't looked at yet.
  private func messageIDMax(of segment: Segment) -> UInt64 {
    guard case .sealed(let index) = segment.currentIndex else { return .max }
    return index.layout.facts.messageIDMax
  }

  private func end(of index: Int, in all: [Segment], _ high: Offset) -> Offset {
    index + 1 < all.count ? min(all[index + 1].base, high) : high
  }
}
