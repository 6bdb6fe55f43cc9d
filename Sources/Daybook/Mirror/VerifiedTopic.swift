import DaybookModel
import Mirror

/// What 'mirror verify' prints.
struct VerifiedTopic {
  let topic: String
  let report: TopicReport
  let claim: MirrorClaim?
  let shape: RecordShape

  /// Streams of which text says what they lack; JSON has them all.
  private static let gapsShownMax = 20

  private func sum(_ count: (PartitionReport) -> UInt64) -> UInt64 {
    report.partitions.reduce(0) { $0 + count($1) }
  }

  // MARK: text

  var lines: [String] {
    var table = TextTable([
      ("partition", .right), ("from", .right), ("equal up to", .right), ("events", .right),
      ("left out", .right), ("behind", .right), ("twice", .right), ("digest", .left),
    ])
    for one in report.partitions {
      table.add([
        "\(one.partition)", "\(one.from)", "\(one.next)", "\(one.events)", "\(one.filtered)",
        "\(one.behind)", "\(one.duplicates)", one.digest.words,
      ])
    }
    return table.lines + gapLines + differences + notes + [summary]
  }

  private var gapLines: [String] {
    let shown = report.gaps.prefix(Self.gapsShownMax).map { gaps in
      "\(Terminal.safe(gaps.stream.text)): \(gaps.missing) of \(gaps.head) seqs are left out, in "
        + "\(gaps.gaps) gaps from \(gaps.firstMissing) on"
    }
    let rest = report.gaps.count - shown.count
    return shown + (rest > 0 ? ["and \(rest) more streams, which --json has"] : [])
  }

  private var differences: [String] {
    report.partitions.compactMap { $0.difference.map { Terminal.safe("\($0)") } }
  }

  private var notes: [String] {
    var notes: [String] = []
    if claim == nil {
      notes.append(
        "no mirror has written down how far \(topic) goes: what its end lacks is not known")
    }
    if claim?.delivery == .atLeastOnce {
      notes.append("\(topic) was written without transactions: events may be there twice")
    }
    if !shape.isComplete { notes.append("compared with what \(shape.text) makes of the log") }
    return notes
  }

  private var summary: String {
    let events = "\(sum(\.events)) events in \(report.partitions.count) partitions"
    let twice = sum(\.duplicates)
    switch report.verdict {
    case .equal: return "equal: \(events)"
    case .behind: return "behind: \(events) are equal, and \(sum(\.behind)) offsets are to come"
    case .different:
      let differ = report.partitions.count { $0.difference.map { $0.cause != .duplicate } ?? false }
      if differ == 0 {
        return "different: \(events) are equal, but \(twice) records are there twice"
      }
      return
        "different: \(differ) of \(report.partitions.count) partitions, \(events) before that are "
        + "equal" + (twice > 0 ? ", \(twice) records are there twice" : "")
    }
  }

  // MARK: JSON

  static func line(_ gaps: StreamGaps) -> JSONLine {
    var line = JSONLine()
    line.set("stream", gaps.stream.text)
    line.set("head", gaps.head.rawValue)
    line.set("missing", gaps.missing)
    line.set("gaps", gaps.gaps)
    line.set("first_missing", gaps.firstMissing.rawValue)
    return line
  }

  var line: JSONLine {
    var line = JSONLine()
    line.set("verdict", report.verdict.rawValue)
    line.set("topic", topic)
    line.set("shape", shape.text)
    line.set("delivery", claim?.delivery.rawValue)
    line.set("events", sum(\.events))
    line.set("left_out", sum(\.filtered))
    line.set("behind", sum(\.behind))
    line.set("duplicates", sum(\.duplicates))
    line.set("streams_with_gaps", report.gaps.count)
    line.set("partitions", report.partitions.map { partition($0) })
    return line
  }

  private func partition(_ report: PartitionReport) -> JSONLine {
    var line = JSONLine()
    line.set("partition", report.partition.rawValue)
    line.set("from", report.from.rawValue)
    line.set("equal_up_to", report.next.rawValue)
    line.set("events", report.events)
    line.set("left_out", report.filtered)
    line.set("behind", report.behind)
    line.set("duplicates", report.duplicates)
    line.set("digest", report.digest.rawValue)
    guard let difference = report.difference else {
      line.set("difference", nil)
      return line
    }
    var found = JSONLine()
    found.set("cause", difference.cause.rawValue)
    found.set("offset", difference.offset.rawValue)
    if let offset = difference.topicOffset {
      found.set("topic_offset", offset)
    } else {
      found.set("topic_offset", nil)
    }
    found.set("detail", difference.detail)
    line.set("difference", found)
    return line
  }
}

extension DigestVerdict {
  fileprivate var words: String {
    switch self {
    case .equal: "equal"
    case .differs: "differs"
    case .notChecked: "not checked"
    }
  }
}
