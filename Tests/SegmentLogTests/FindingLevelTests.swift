import DaybookModel
import Doubles
import Logging
import Testing

@testable import SegmentLog

@Suite("what the operator is told of an opening")
struct FindingLevelTests {
  private static let fault = LogFault(
    partition: PartitionID(2), segment: "x.log", fromByte: 1, toByte: 2, offset: Offset(3),
    reason: "torn")

  @Test(
    "a finding's level says whether somebody has to do something",
    arguments: [
      (.corrupt(fault), .error),
      (.leftTail(fault, keptIn: "a"), .error),
      (.unsealedIndex(PartitionID(2), segment: "x.log"), .warning),
      (.unknownWatermark(PartitionID(2), reason: "gone", durable: Offset(3)), .warning),
      (.unknownEpoch(reason: "gone", Epoch(3)), .warning),
      (.notRaised(from: 1), .warning),
      (.cutTail(fault, keptIn: "a"), .notice),
      (.madeDurable(PartitionID(2), from: Offset(1), to: Offset(2)), .notice),
      (.raised(from: 1, to: 2), .notice),
      (.keptReadOnly(PartitionID(2), at: Offset(3)), .notice),
    ] as [(RecoveryFinding, Logger.Level)])
  func levels(finding: RecoveryFinding, level: Logger.Level) {
    let told = RecordingLog()
    finding.tell(told.logger)
    #expect(told.lines.map(\.level) == [level])
    #expect(told.messages == ["\(finding)"])
    if "\(finding)".hasPrefix("partition 2") {
      #expect(told.lines[0].metadata["partition"] == "2")
    }
  }

  @Test("an opening tells what it found, and one that finds nothing says nothing")
  func opening() async throws {
    let test = try TestLog()
    let third = try await test.makeTorn()
    let first = FileNames.segment(.zero)
    var torn = try #require(try test.contents()[first])
    torn[third.upperBound - 1] ^= 1
    try test.replace(first, with: torn)
    let told = RecordingLog()
    let log = try test.open(logger: told.logger)
    #expect(!log.findings.isEmpty && told.messages == log.findings.map { "\($0)" })
    log.close()
    let quiet = RecordingLog()
    try test.open(logger: quiet.logger).close()
    #expect(quiet.lines.allSatisfy { $0.level <= .debug }, "\(quiet.messages)")
  }
}
