import ArgumentParser
import DaybookModel
import Glibc
import Logging
import Mirror
import SegmentLog
import Server

struct MirrorVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Hold the topic against the log, and say where they first differ.",
    discussion: """
      Reads both, at any time, and changes neither. The last line sums up; exits with 0 if the topic is \
      equal to the log, with 2 if it is equal as far as it goes, with 3 if it is different, and with 1 \
      if that can't be told. What a mirror leaves out is stated for each stream.
      """)

  @OptionGroup var data: DataOption
  @OptionGroup var kafka: KafkaOptions
  @OptionGroup var shape: ShapeOptions
  @OptionGroup var partition: PartitionOption

  @Option(help: "The first offset of the log to compare, in each partition.")
  var from: Int64 = 0

  @Flag(help: "Go on with what is mirrored from now on, until something is different, or Ctrl-C.")
  var follow = false

  @OptionGroup var json: JSONOption

  private static let pauseMicroseconds: UInt32 = 200_000
  private static let showing = Duration.seconds(5)

  func validate() throws {
    guard from >= 0 else { throw ValidationError("--from is an offset, 0 or more, not \(from)") }
  }

  func run() throws {
    let log = try data.open().reader()
    log.reportFindings()
    let verification = try TopicVerification(
      try kafka.settings(), shape: try shape.ifSaid(), log: log.mirrored,
      partitions: try partition.partitions(of: log.partitionCount), from: Offset(from),
      logger: OperatorLog.logger)
    let progress = RateProgress(unit: "offsets")
    var report = try verification.run { progress.show(done: $0, of: $1) }
    if !follow { progress.end() }
    if follow, report.verdict != .different {
      report = try self.follow(verification, progress)
    }
    try print(report, of: verification)
    guard report.verdict == .equal else { throw ExitCode(MirrorVerify.status(report).rawValue) }
  }

  /// Until something is different. What fails for a while is tried again.
  private func follow(
    _ verification: TopicVerification, _ progress: RateProgress
  ) throws(DaybookError) -> TopicReport {
    var shown = ContinuousClock.now
    while true {
      usleep(Self.pauseMicroseconds)
      do throws(DaybookError) {
        let report = try verification.run { done, total in
          // At the head there is always something to show.
          guard done < total || ContinuousClock.now - shown >= Self.showing else { return }
          shown = ContinuousClock.now
          progress.show(done: done, of: total)
        }
        guard report.verdict == .different else { continue }
        progress.end()
        return report
      } catch {
        guard error.code.isTemporary else { throw error }
        OperatorLog.logger.warning(
          "this is tried again: \(error.message)", metadata: ["code": "\(error.code)"])
      }
    }
  }

  private static func status(_ report: TopicReport) -> ExitStatus {
    switch report.verdict {
    case .equal: .success
    case .behind: .behind
    case .different: .different
    }
  }

  private func print(_ report: TopicReport, of verification: TopicVerification) throws {
    let shown = VerifiedTopic(
      topic: kafka.topic, report: report, claim: verification.claim, shape: verification.shape)
    var output = StandardOutput()
    if json.isSet {
      for gaps in report.gaps { try output.line(VerifiedTopic.line(gaps)) }
      try output.line(shown.line)
    } else {
      for line in shown.lines { try output.line(line) }
    }
    try output.flush()
  }
}
