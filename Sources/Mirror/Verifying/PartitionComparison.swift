import DaybookModel
import DaybookSchema
import Ports

/// Holds one partition of the topic against the log's, both read once and in order: what a topic has,
/// record by record, is what the mirror makes of the log's events.
///
/// It ends at the first difference, but for events that are there once more: those are counted, so that
/// a topic which was written at least once is compared to its end.
struct PartitionComparison {
  enum Step: Equatable {
    /// There is more to compare.
    case more
    /// The topic was compared to its end, or to a difference.
    case atEnd
  }

  /// How far ahead an event that is not where it should be is looked for.
  static let recordsAheadMax = 10_000

  let partition: PartitionID
  private let log: any LogFeed
  private let format: RecordFormat
  private var events: LogCursor
  private var records: TopicCursor
  private var record = RecordBytes()
  private let names = NameCache()

  private var stated: StatedPosition?
  /// The same, until it was compared with the log.
  private var unchecked: StatedPosition?
  /// Over all events from `stated.start` on; nil where not all of them are read.
  private var digest: ChainedDigest?
  private var digestVerdict = DigestVerdict.notChecked
  private(set) var seqs: StreamSeqs

  private let from: Offset
  private var eventCount: UInt64 = 0
  private var filtered: UInt64 = 0
  private var duplicates: UInt64 = 0
  private(set) var difference: TopicDifference?
  private var isStopped = false

  /// `from`: where in the log to begin; nothing before it, nor before what the log and the mirror have,
  /// is compared. Throws what the broker answers.
  init(
    _ partition: PartitionID, log: any LogFeed, topic: any TopicFeed, format: RecordFormat,
    stated: StatedPosition?, from asked: Offset
  ) throws(DaybookError) {
    let start = stated?.start ?? log.startOffset(of: partition)
    from = max(asked, start, log.startOffset(of: partition))
    self.partition = partition
    self.log = log
    self.format = format
    (self.stated, unchecked) = (stated, stated)
    digest = from == start ? .start : nil
    seqs = StreamSeqs(isFromStart: from == .zero)
    events = LogCursor(log, partition, from: from)
    // All of the topic, where all of the mirror is compared: what stands in front is seen then.
    let first =
      from == start
      ? try topic.bounds(of: partition).lowerBound
      : try topic.firstRecord(partition, claiming: from)
    records = TopicCursor(topic, partition, from: first)
  }

  var report: PartitionReport {
    PartitionReport(
      partition: partition, from: from, next: events.next, events: eventCount, filtered: filtered,
      behind: isStopped ? 0 : log.lag(of: partition, at: events.next), duplicates: duplicates,
      digest: digestVerdict, difference: difference)
  }

  /// Where in the log it has got to, and by how many offsets from where it began.
  var next: Offset { events.next }
  var passed: UInt64 { UInt64(max(0, events.next.rawValue - from.rawValue)) }

  /// What the mirror states by now: to be called where the topic was read to its end before that.
  mutating func update(_ position: StatedPosition) {
    stated = position
    if position.start != from { digest = nil }
    // The digest at a position that was passed meanwhile is not known any more.
    if position.next >= events.next { unchecked = position }
  }

  /// Compares at most so many records. Throws what the log does, and what the broker answers.
  mutating func step(recordsMax: Int) throws(DaybookError) -> Step {
    guard !isStopped else { return .atEnd }
    for _ in 0..<recordsMax {
      let offset = try nextMirrored()
      guard !isStopped else { return .atEnd }
      guard let found = try records.peek() else {
        try topicEnded(before: offset)
        return .atEnd
      }
      try compare(found, with: offset)
      guard !isStopped else { return .atEnd }
    }
    return .more
  }

  // MARK: the log's side

  /// Passes what the mirror leaves out, and writes the record of the next event that it doesn't. Nil at
  /// the log's head.
  private mutating func nextMirrored() throws(DaybookError) -> Offset? {
    while !isStopped {
      let offset = try events.peek()
      checkDigest(before: offset)
      guard let offset, !isStopped else { return nil }
      let events = events
      let isMirrored = try events.withEvent { event throws(DaybookError) in
        try format.write(event, at: offset, of: partition, to: &record)
      }
      if isMirrored { return offset }
      try pass(offset, isMirrored: false)
      filtered += 1
    }
    return nil
  }

  /// The log's next event is dealt with.
  private mutating func pass(_ offset: Offset, isMirrored: Bool) throws(DaybookError) {
    let head = try { [events, names] () throws(DaybookError) -> (stream: StreamKey?, seq: Seq) in
      try events.withEvent { event throws(DaybookError) in
        let head = try EventHead(event)
        return (names.stream(head.stream), head.seq)
      }
    }()
    if digest != nil {
      let events = events
      try events.withEvent { event throws(DaybookError) in digest?.add(event) }
    }
    events.advance()
    guard head.seq != .none, let stream = head.stream else { return }
    guard let expected = seqs.take(head.seq, of: stream, isMirrored: isMirrored) else { return }
    stop(.seq, at: offset, "\(stream) has seq \(head.seq) where \(expected) comes next")
  }

  /// Once all events before what is stated were read. `next` is the first behind them, nil at the head.
  private mutating func checkDigest(before next: Offset?) {
    guard let stated = unchecked, next.map({ $0 >= stated.next }) ?? true else { return }
    if next == nil, log.highWatermark(of: partition) < stated.next {
      return stop(
        .notInLog, at: log.highWatermark(of: partition),
        "the mirror has events up to offset \(stated.next), and the log ends here: it was rolled back, "
          + "or is another copy; a topic of its own is what this log needs")
    }
    unchecked = nil
    guard let digest else { return }
    digestVerdict = digest == stated.digest ? .equal : .differs
    guard digestVerdict == .differs else { return }
    stop(
      .digest, at: stated.next,
      "the mirror has read events of the digest \(stated.digest) before it, the log has \(digest)")
  }

  // MARK: the topic's side

  private mutating func compare(
    _ found: TopicRecord, with offset: Offset?
  ) throws(DaybookError) {
    guard let offset else { return try explain(found, fault: nil, expected: nil) }
    let time = record.timestampMilliseconds
    let fault = record.withView {
      RecordComparison.fault(found, expected: $0, timestamp: time, value: format.shape.value)
    }
    if let fault { return try explain(found, fault: fault, expected: offset) }
    records.advance()
    try pass(offset, isMirrored: true)
    eventCount += 1
  }

  private mutating func topicEnded(before offset: Offset?) throws(DaybookError) {
    guard let offset, let stated, offset < stated.next else { return }
    stop(
      .missing, at: offset,
      "\(expectedStream) is not there, though the mirror has written down that all before offset "
        + "\(stated.next) is: records were lost, or the topic was made anew")
  }

  /// What is wrong with a record that is not the one of the next event. `fault`: in what it differs from
  /// that.
  private mutating func explain(
    _ found: TopicRecord, fault: RecordComparison.Fault?, expected: Offset?
  ) throws(DaybookError) {
    let claim = RecordClaim(found)
    let isSameEvent = fault.map { $0.cause != .value } ?? false
    func stopAtFault(_ other: RecordComparison.Fault) {
      let fault = isSameEvent ? fault ?? other : other
      stop(fault.cause, at: expected ?? events.next, topicOffset: found.offset, fault.detail)
    }
    guard let claimed = claim.offset else {
      return stopAtFault(
        RecordComparison.Fault(cause: .noEvent, detail: "its headers name no event of a log"))
    }
    guard claim.source == format.sourceName, claim.partition ?? partition.index == partition.index
    else {
      let source = claim.source.map { PrintableText.quoted($0) } ?? "no source"
      return stopAtFault(
        RecordComparison.Fault(
          cause: .foreign,
          detail: "it is an event of \(source), partition \(claim.partition ?? partition.index)"))
    }
    if let fault, claimed == expected { return stopAtFault(fault) }
    let own = try ownFault(of: found, at: claimed)
    if isSameEvent, own != .matches, let fault { return stopAtFault(fault) }
    switch own {
    case .noEvent:
      stop(.notInLog, at: claimed, topicOffset: found.offset, "the log has no event there")
    case .leftOut:
      stop(
        .filtered, at: claimed, topicOffset: found.offset, "the mirror's filter leaves it out")
    case .differs, .matches:
      if let expected, claimed > expected {
        try explainGap(before: claimed, found, expected: expected)
      } else {
        repeated(found, at: claimed, isSame: own == .matches)
      }
    }
  }

  private mutating func explainGap(
    before claimed: Offset, _ found: TopicRecord, expected: Offset
  ) throws(DaybookError) {
    let following = try records.following(max: PartitionComparison.recordsAheadMax)
    if let late = following.first(where: { RecordClaim($0).offset == expected }) {
      stop(
        .outOfOrder, at: expected, topicOffset: late.offset,
        "\(expectedStream) stands behind offset \(claimed), which is at the topic's \(found.offset)"
      )
    } else {
      stop(
        .missing, at: expected, topicOffset: found.offset,
        "\(expectedStream) is not there: offset \(claimed) comes next")
    }
  }

  private mutating func repeated(_ found: TopicRecord, at offset: Offset, isSame: Bool) {
    guard isSame else {
      return stop(
        .duplicate, at: offset, topicOffset: found.offset, "it is there once more, and changed")
    }
    duplicates += 1
    if difference == nil {
      difference = TopicDifference(
        partition: partition, offset: offset, topicOffset: found.offset, cause: .duplicate,
        detail: "it is there once more")
    }
    records.advance()
  }

  private enum Own { case noEvent, leftOut, matches, differs }

  /// How a record compares with the event that it says it is.
  private func ownFault(of found: TopicRecord, at offset: Offset) throws(DaybookError) -> Own {
    guard offset >= log.startOffset(of: partition), offset < log.highWatermark(of: partition)
    else { return .noEvent }
    var cursor = LogCursor(log, partition, from: offset, chunkBytes: 1)
    guard try cursor.peek() == offset else { return .noEvent }
    var own = RecordBytes()
    let at = cursor
    let isMirrored = try at.withEvent { event throws(DaybookError) in
      try format.write(event, at: offset, of: partition, to: &own)
    }
    guard isMirrored else { return .leftOut }
    let time = own.timestampMilliseconds
    let fault = own.withView {
      RecordComparison.fault(found, expected: $0, timestamp: time, value: format.shape.value)
    }
    return fault == nil ? .matches : .differs
  }

  /// Of the event whose record is expected.
  private var expectedStream: String {
    record.withView { PrintableText.quoted(String(decoding: $0.key, as: UTF8.self)) }
  }

  private mutating func stop(
    _ cause: TopicDifference.Cause, at offset: Offset, topicOffset: Int64? = nil, _ detail: String
  ) {
    isStopped = true
    // What was there twice is counted; this is what is worse.
    difference = TopicDifference(
      partition: partition, offset: offset, topicOffset: topicOffset, cause: cause, detail: detail)
  }
}
