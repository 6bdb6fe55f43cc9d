import DaybookModel
import Files
import Ports

/// Finding events by stream and by conversation, across segments.
extension PartitionSegments {
  func postings(
    stream: UInt64, from first: Seq, through last: Seq, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try checkReadable()
    let high = highWatermark
    return try postings(
      stream, first, last, limit, in: all.filter { $0.base < high }, startingAt: 0, high)
  }

  /// `isOfStream` tells whether an event is the stream's own, or that of another stream with the
  /// same fingerprint: where the stream's own begin is the segment to start at.
  func postings(
    stream: UInt64, from first: Seq, through last: Seq, limit: Int,
    isOfStream: (StoredEvent) throws(DaybookError) -> Bool
  ) throws(DaybookError) -> [Posting] {
    try checkReadable()
    let high = highWatermark
    let all = all.filter { $0.base < high }
    var start = all.count
    while start > 0 {
      start -= 1
      if try begins(stream, by: first, in: all[start], end(of: start, in: all, high), isOfStream) {
        break
      }
    }
    return try postings(stream, first, last, limit, in: all, startingAt: start, high)
  }

  private func postings(
    _ stream: UInt64, _ first: Seq, _ last: Seq, _ limit: Int, in all: [Segment],
    startingAt start: Int, _ high: Offset
  ) throws(DaybookError) -> [Posting] {
    guard limit > 0, first <= last else { return [] }
    // A stream's own seqs ascend with offsets, whatever strangers are among them: a page that is
    // filled segment by segment, with the lowest of each, leaves none of them out.
    var postings: [Posting] = []
    for at in start..<all.count where postings.count < limit {
      let end = end(of: at, in: all, high)
      var entries = try lookUp(in: all[at], end: end) { (index) throws(FileError) in
        try index.stream(
          stream, from: first.rawValue, through: last.rawValue, end: delta(of: end, in: all[at]),
          limit: limit - postings.count)
      }
      // By value, strangers' are out of order.
      let isOrdered = zip(entries, entries.dropFirst()).allSatisfy { $0.delta < $1.delta }
      if !isOrdered { entries.sort { $0.delta < $1.delta } }
      postings += entries.map {
        Posting(offset: all[at].base.advanced(by: Int($0.delta)), value: $0.value)
      }
    }
    return postings
  }

  /// The segment holds an event of the stream's own with a seq up to `first`, so that no segment
  /// before it holds one from `first` on. That a stranger has such a seq says nothing, and anyone
  /// can make a stranger: `StableHash` has no key.
  private func begins(
    _ stream: UInt64, by first: Seq, in segment: Segment, _ end: Offset,
    _ isOfStream: (StoredEvent) throws(DaybookError) -> Bool
  ) throws(DaybookError) -> Bool {
    let start = try lookUp(in: segment, end: end) { (index) throws(FileError) in
      try index.streamStart(stream)
    }
    guard let lowest = start,
      lowest.value <= first.rawValue, lowest.delta < delta(of: end, in: segment)
    else { return false }
    let event = try events(at: [segment.base.advanced(by: Int(lowest.delta))])[0]
    return try isOfStream(event)
  }

  /// Of a stream's events without a seq, by offset, which is their value too.
  func postings(
    unsequenced stream: UInt64, from first: Offset, through last: Offset, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try checkReadable()
    let high = highWatermark
    guard limit > 0, first <= last, last >= .zero else { return [] }
    let all = all.filter { $0.base < high && $0.base <= last }
    let key = ConversationKey.fingerprint(unsequencedIn: stream)
    var postings: [Posting] = []
    for at in max(0, all.countOfPrefix { $0.base <= first } - 1)..<all.count
    where postings.count < limit {
      let end = end(of: at, in: all, high)
      let entries = try lookUp(in: all[at], end: end) { (index) throws(FileError) in
        try index.stream(
          key, from: UInt64(max(first, .zero).rawValue), through: UInt64(last.rawValue),
          end: delta(of: end, in: all[at]), limit: limit - postings.count)
      }
      postings += entries.map {
        Posting(offset: all[at].base.advanced(by: Int($0.delta)), value: $0.value)
      }
    }
    return postings
  }

  /// By number. An origin may go on in any segment: the filters say where it does not.
  func postings(
    origin: UInt64, from first: UInt64, through last: UInt64, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try checkReadable()
    let high = highWatermark
    guard limit > 0, first <= last else { return [] }
    let all = all.filter { $0.base < high }
    var postings: [Posting] = []
    for at in all.indices {
      let end = end(of: at, in: all, high)
      let entries = try lookUp(in: all[at], end: end) { (index) throws(FileError) in
        try index.origin(
          origin, from: first, through: last, end: delta(of: end, in: all[at]), limit: limit)
      }
      postings += entries.map {
        Posting(offset: all[at].base.advanced(by: Int($0.delta)), value: $0.value)
      }
    }
    // Numbers nearly always rise with offsets.
    let isOrdered = zip(postings, postings.dropFirst()).allSatisfy { $0.value <= $1.value }
    if !isOrdered { postings.sort { ($0.value, $0.offset) < ($1.value, $1.offset) } }
    return Array(postings.suffix(limit))
  }

  func postings(
    conversation: UInt64, before: MessageID?, limit: Int
  ) throws(DaybookError) -> [Posting] {
    try checkReadable()
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
      let end = end(of: at, in: all, high)
      let entries = try lookUp(in: all[at], end: end) { (index) throws(FileError) in
        try index.conversation(
          conversation, below: bound, end: delta(of: end, in: all[at]), limit: limit)
      }
      let found = entries.map {
        Posting(offset: all[at].base.advanced(by: Int($0.delta)), value: $0.value)
      }
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
