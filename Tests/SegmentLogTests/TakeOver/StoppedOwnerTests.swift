import DaybookModel
import Foundation
import Ports
import Testing

@testable import SegmentLog

@Suite(
  "An owner's process is stopped, another takes over, the first goes on", .timeLimit(.minutes(30)))
struct StoppedOwnerTests {
  @Test(
    "nothing that either acked changes, and the first is fenced",
    arguments: StopPoint.all.indices, [true, false])
  func chosen(_ point: Int, acksMeanwhile: Bool) async throws {
    let test = try TestLog(options: OwnerProcess.options)
    let old = try OwnerProcess(of: test, stopsAt: point)
    try await old.stopped()
    try await takeOver(from: old, test, acksMeanwhile: acksMeanwhile)
  }

  @Test("nor wherever it is", arguments: 1...5)
  func anywhere(_ round: Int) async throws {
    let test = try TestLog(options: OwnerProcess.options)
    let old = try OwnerProcess(of: test, stopsAt: nil)
    while old.acks().count < OwnerProcess.acksFirst {
      try await Task.sleep(for: .milliseconds(1))
    }
    try await Task.sleep(for: .microseconds(Int.random(in: 0..<20_000)))
    old.signal(SIGSTOP)
    try await old.stopped()
    try await takeOver(from: old, test, acksMeanwhile: true)
  }

  /// `acksMeanwhile`: the new owner writes while the old one stands still, and not only after it has
  /// gone on.
  private func takeOver(
    from old: OwnerProcess, _ test: TestLog, acksMeanwhile: Bool
  ) async throws {
    let new = try test.open()
    #expect(new.findings.allSatisfy { !$0.isDamage })
    var acks = acksMeanwhile ? try await append(to: new, 1_000_001) : []
    old.signal(SIGCONT)
    let end = try await old.ended()
    #expect(end.refusal == ErrorCode.epochFenced.name)
    #expect(end.wasFenced)
    acks += try await append(to: new, 2_000_001)
    acks += old.acks()
    try expect(acks, in: try new.everything())
    new.close()
    let again = try test.open()
    #expect(again.findings.isEmpty)
    try expect(acks, in: try again.everything())
    again.close()
    #expect(try test.reader().verify().ok)
  }

  private func append(to log: SegmentedLog, _ first: UInt64) async throws -> [OwnerLedger.Ack] {
    var acks: [OwnerLedger.Ack] = []
    for seq in first..<first + 3 {
      let offset = try await log.append(messages(seq...seq)).baseOffset
      acks.append(OwnerLedger.Ack(offset: Int(offset.rawValue), seq: seq))
    }
    return acks
  }

  private func expect(_ acks: [OwnerLedger.Ack], in events: [TestEvent]) throws {
    let missing = acks.filter { $0.offset >= events.count || events[$0.offset].seq != $0.seq }
    #expect(missing.isEmpty)
    // Each offset was acked once, whoever did.
    #expect(Set(acks.map(\.offset)).count == acks.count)
  }
}
