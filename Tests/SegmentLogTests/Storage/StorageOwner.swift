import DaybookModel
import Doubles
import Files
import NIOCore
import Ports

@testable import SegmentLog

/// A process that owns the simulated log, and what it has asked of it.
final class StorageOwner {
  let log: SegmentedLog
  let threads: SteppedThreads
  /// Of each partition: grows with each refusal, so that nothing is appended behind a gap.
  var generations: [UInt64]

  init(_ disk: SimDisk, _ folder: String, _ options: SegmentLogOptions) throws(DaybookError) {
    threads = SteppedThreads()
    log = try SegmentedLog.open(
      in: folder, options: options, scanner: TestScanner(), files: disk, threads: threads,
      logger: .silent)
    generations = Array(repeating: 0, count: log.partitionCount)
  }

  /// Lets the log write all that is queued, and begin what segments that needs.
  func commit() {
    repeat {
      for worker in threads.workers.reversed() { _ = worker.step(waits: false) }
    } while log.committer.hasQueued
  }

  /// Partitions that opening found damaged.
  var damaged: [LogFault] {
    log.findings.compactMap { if case .corrupt(let fault) = $0 { fault } else { nil } }
  }
}

extension LogFeed {
  /// Every event up to the high watermark, in batches that follow each other.
  func contents(_ partition: PartitionID) throws(DaybookError) -> [TestEvent] {
    var events: [TestEvent] = []
    var offset = startOffset(of: partition)
    while true {
      let chunk = try read(partition, from: offset, bytesMax: 1000)
      if chunk.next == offset { return events }
      for batch in chunk.batches {
        guard batch.baseOffset == offset, let own = try? batch.testEvents() else {
          throw DaybookError(.logCorrupt, "the batch at \(offset) does not follow")
        }
        events += own
        offset = batch.nextOffset
      }
    }
  }
}
