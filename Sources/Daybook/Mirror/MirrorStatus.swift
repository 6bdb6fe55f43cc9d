import ArgumentParser
import DaybookModel
import Mirror
import SegmentLog
import Server

struct MirrorStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Print how far the topic is behind the log.",
    discussion: """
      Lag is counted in events, and in seconds since the oldest event that is not in the topic was \
      logged. The rate is of the last minute.
      """)

  @OptionGroup var data: DataOption
  @OptionGroup var kafka: KafkaOptions
  @OptionGroup var json: JSONOption

  func run() throws {
    let folder = try data.open()
    let log = try folder.reader()
    log.reportFindings()
    let settings = try kafka.settings()
    let report = try MirrorReport(
      settings, log: log.mirrored, clock: SystemClock(), logger: OperatorLog.logger)
    let isPaused = folder.isMirrorPaused(settings.topic)
    var output = StandardOutput()
    if json.isSet {
      try output.line(line(report, isPaused: isPaused))
    } else {
      for line in table(report).lines { try output.line(line) }
      for line in summary(report, isPaused: isPaused) { try output.line(line) }
    }
    try output.flush()
    if log.isDamaged { throw ExitCode.failure }
  }

  private func table(_ report: MirrorReport) -> TextTable {
    var table = TextTable([
      ("partition", .right), ("log head", .right), ("mirrored", .right), ("lag", .right),
      ("seconds", .right),
    ])
    for one in report.partitions {
      table.add([
        "\(one.partition)", "\(one.head)", "\(one.mirrored)", "\(one.lagEvents)",
        MirrorStatus.text(one.lagSeconds),
      ])
    }
    return table
  }

  private func summary(_ report: MirrorReport, isPaused: Bool) -> [String] {
    guard let claim = report.claim else {
      return ["nothing was mirrored into \(kafka.topic) yet: 'daybook mirror run' does"]
    }
    var lines: [String] = []
    if report.lagEvents == 0 {
      lines.append("\(kafka.topic) has all of the log")
    } else {
      let left =
        report.secondsLeft.map { "\(ProgressLine.duration($0)) left" }
        ?? "and nothing was mirrored in the last minute"
      lines.append(
        "\(kafka.topic) is \(report.lagEvents) events behind, \(Int(report.eventsPerSecond))/s, \(left)"
      )
    }
    if isPaused { lines.append("it is paused: 'daybook mirror resume' lets it go on") }
    if claim.delivery == .atLeastOnce {
      lines.append(
        "without transactions: events may be there twice, as 'daybook mirror verify' tells")
    }
    return lines
  }

  private func line(_ report: MirrorReport, isPaused: Bool) -> JSONLine {
    var line = JSONLine()
    line.set("topic", kafka.topic)
    line.set("delivery", report.claim?.delivery.rawValue)
    line.set("shape", report.claim?.shape)
    line.set("paused", isPaused)
    line.set("lag_events", report.lagEvents)
    line.set("lag_seconds", number: MirrorStatus.text(report.lagSeconds))
    line.set("events_per_second", Int(report.eventsPerSecond))
    if let left = report.secondsLeft {
      line.set("seconds_left", Int(left.rounded(.up)))
    } else {
      line.set("seconds_left", nil)
    }
    let partitions = report.partitions.map { one in
      var line = JSONLine()
      line.set("partition", one.partition.rawValue)
      line.set("log_head", one.head.rawValue)
      line.set("mirrored", one.mirrored.rawValue)
      line.set("lag_events", one.lagEvents)
      line.set("lag_seconds", number: MirrorStatus.text(one.lagSeconds))
      return line
    }
    line.set("partitions", partitions)
    return line
  }

  /// With one digit after the point.
  private static func text(_ seconds: Double) -> String {
    let tenths = Int((seconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
