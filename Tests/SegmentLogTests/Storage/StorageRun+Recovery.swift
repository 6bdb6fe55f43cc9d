import DaybookModel
import Ports

@testable import SegmentLog

/// Opening after a life has ended, however it did.
extension StorageRun {
  /// Opens, after some openings that fail half-way; nil once something is wrong.
  func recover() -> StorageOwner? {
    for _ in 0..<random.below(3) { openBadly() }
    guard let owner = openWell() else { return nil }
    settle(owner, "the new owner")
    guard lines.isEmpty, random.oneIn(3) else { return owner }
    owner.log.close()
    return openAgain()
  }

  /// The power goes while a log is being opened, or the disk fails.
  private func openBadly() {
    if random.oneIn(2) {
      disk.diesAt = disk.operations + 1 + random.below(80)
    } else {
      let kind = random.pick(DiskFault.Kind.allCases)
      let first = disk.operations + random.below(60)
      let length = kind == .broken ? 1 : 1 + random.below(40)
      disk.faults = [DiskFault(kind: kind, range: first..<first + length)]
    }
    if let owner = try? StorageOwner(disk, StorageRun.folder, options) {
      for finding in owner.log.findings { disk.trace?("under faults: \(finding)") }
      for index in 0..<partitionCount { look(owner.log, at: PartitionID(index), "an owner") }
      count("opened under faults")
    } else {
      count("opening failed")
    }
    if random.oneIn(3) { disk.endProcess() } else { disk.losePower() }
  }

  func openWell() -> StorageOwner? {
    do throws(DaybookError) {
      return try StorageOwner(disk, StorageRun.folder, options)
    } catch {
      violate("the log does not open: \(error.message) (\(error.cause.map { "\($0)" } ?? ""))")
      return nil
    }
  }

  /// What is there now is what was acked and shown, and then a prefix of what was submitted.
  func settle(_ owner: StorageOwner, _ whom: String) {
    for fault in owner.damaged {
      violate("partition \(fault.partition) is called damaged: \(fault)")
    }
    for index in 0..<partitionCount {
      do throws(DaybookError) {
        models[index].recovered(try owner.log.contents(PartitionID(index)), by: whom)
      } catch {
        violate("\(whom) can't read partition \(index): \(error.message)")
      }
    }
    for finding in owner.log.findings {
      count("found \(finding.word)")
      disk.trace?("\(finding)")
    }
  }

  /// Recovering twice is recovering once.
  private func openAgain() -> StorageOwner? {
    if random.oneIn(2) { disk.losePower() } else { disk.endProcess() }
    let before = models.map(\.certain.count)
    guard let owner = openWell() else { return nil }
    settle(owner, "the second opening")
    if models.map(\.certain.count) != before || !owner.log.findings.isEmpty {
      violate("a second opening found something else: \(owner.log.findings)")
    }
    count("opened twice")
    return owner
  }

  /// After all lives everything is whole, and says so.
  func finish() {
    guard let owner = openWell() else { return }
    settle(owner, "the last owner")
    for index in 0..<partitionCount { check(owner.log, postingsOf: PartitionID(index)) }
    owners = [owner]
    for index in 0..<partitionCount { submit(owner, to: PartitionID(index)) }
    owner.log.close()
    for (index, model) in models.enumerated() where !model.possible.isEmpty {
      violate("partition \(index) has not acked what was appended to a whole disk")
    }
    verify()
  }

  private func verify() {
    do throws(DaybookError) {
      let folder = LogFolder(files: disk, path: StorageRun.folder)
      let report = try SegmentLogReader(folder, TestScanner()).verify()
      let events = models.map(\.certain.count).reduce(0, +)
      if !report.ok || report.events != events {
        violate("verify has \(report.events) of \(events) events, and \(report.faults)")
      }
    } catch {
      violate("verify can't be run: \(error.message)")
    }
  }
}

extension RecoveryFinding {
  /// For counting.
  fileprivate var word: String {
    switch self {
    case .cutTail: "a torn tail"
    case .leftTail: "a torn tail that it left"
    case .madeDurable: "batches to make durable"
    case .rebuiltIndex: "an index to rebuild"
    case .unsealedIndex: "an index without room"
    case .unknownWatermark: "a watermark that says nothing"
    case .unknownEpoch: "an epoch file that says nothing"
    case .damagedJournal: "a damaged journal"
    case .raised, .notRaised: "an earlier format"
    case .keptReadOnly: "a partition to keep read-only"
    case .unsettled: "batches that nobody states"
    case .corrupt: "corruption"
    }
  }
}
