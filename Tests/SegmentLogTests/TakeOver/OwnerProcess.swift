import Doubles
import Foundation
import Testing

@testable import SegmentLog

/// A log's owner in a process of its own, which appends without a pause until it is refused, and
/// enters what was acked in a file beside the log. No `FolderLock` keeps it from another's folder,
/// as none would where a lock was lost. It is this test program, run for one test alone.
final class OwnerProcess: @unchecked Sendable {
  static let options = SegmentLogOptions(
    segmentBytes: 4096, firstSegmentBytes: 4096, reserveBytes: 4096)
  /// Acks before it may stop.
  static let acksFirst = 3
  private static let folderVariable = "DAYBOOK_TEST_OWNER_FOLDER"
  private static let pointVariable = "DAYBOOK_TEST_OWNER_STOPS_AT"

  private let process: ChildProcess
  private let ledger: OwnerLedger

  /// At `point` it stops itself; nil: it goes on until somebody stops it.
  init(of test: TestLog, stopsAt point: Int?) throws {
    ledger = OwnerLedger(test.folder)
    var environment = ProcessInfo.processInfo.environment
    environment[OwnerProcess.folderVariable] = test.folder
    environment[OwnerProcess.pointVariable] = point.map { "\($0)" }
    process = try ChildProcess(
      URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path,
      ["--testing-library", "swift-testing", "--filter", "SegmentLogTests.OwnerProcessTests"],
      environment: environment)
  }

  func signal(_ number: Int32) { process.signal(number) }

  func acks() -> [OwnerLedger.Ack] { ledger.entries.acks }

  /// Waits until all of its threads stand still.
  func stopped() async throws {
    let path = "/proc/\(process.identifier)/status"
    while true {
      let status = try? String(contentsOfFile: path, encoding: .utf8)
      if try #require(status, "the owner has ended").contains("State:\tT") { return }
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  /// Waits for its end. What it was refused with at last, and whether it was told that it is fenced.
  func ended() async throws -> (refusal: String?, wasFenced: Bool) {
    while process.isRunning { try await Task.sleep(for: .milliseconds(1)) }
    return (ledger.entries.refusal, ledger.entries.wasFenced)
  }

  // MARK: In the process

  /// Set in such a process.
  static var folder: String? { ProcessInfo.processInfo.environment[folderVariable] }

  static var point: StopPoint? {
    ProcessInfo.processInfo.environment[pointVariable].flatMap { Int($0) }.map {
      StopPoint.all[$0]
    }
  }
}
