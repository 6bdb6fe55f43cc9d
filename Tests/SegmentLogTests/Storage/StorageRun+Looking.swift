import DaybookModel
import Ports

@testable import SegmentLog

/// What somebody who reads is shown.
extension StorageRun {
  /// Reads a stretch, and takes note of it: it must be there from now on.
  func look(_ reader: any SearchableLog, at partition: PartitionID, _ whom: String) {
    let high = reader.highWatermark(of: partition)
    guard high > .zero else { return }
    let start = Offset(Int64(random.below(Int(high.rawValue))))
    let batches: [CommittedBatch]
    do throws(DaybookError) {
      batches = try reader.read(partition, from: start, bytesMax: 1 + random.below(4000)).batches
    } catch {
      unread(error, partition, whom)
      return
    }
    // A batch may begin before what is known already, and the first look need not be at the end.
    for batch in batches where batch.nextOffset.rawValue > 0 {
      if batch.nextOffset > reader.highWatermark(of: partition) {
        violate("\(whom) was shown offset \(batch.nextOffset) past the high watermark \(high)")
      }
      show(batch, partition, whom, reader)
    }
    count("looks")
  }

  private func show(
    _ batch: CommittedBatch, _ partition: PartitionID, _ whom: String, _ reader: any SearchableLog
  ) {
    // What lies between what is certain and this batch is below the same watermark.
    while models[partition.index].certain.count < batch.baseOffset.rawValue, lines.isEmpty {
      let known = Offset(Int64(models[partition.index].certain.count))
      do throws(DaybookError) {
        for before in try reader.read(partition, from: known, bytesMax: 4096).batches {
          reveal(before, partition, whom)
        }
      } catch {
        unread(error, partition, whom)
        return
      }
    }
    reveal(batch, partition, whom)
  }

  private func reveal(_ batch: CommittedBatch, _ partition: PartitionID, _ whom: String) {
    guard let events = try? batch.testEvents() else {
      violate("\(whom) was shown a batch without events")
      return
    }
    for (at, event) in events.enumerated() {
      models[partition.index].shown(event, at: batch.offset(of: at), by: whom)
    }
  }

  /// Reading may fail where the disk does; else nothing is wrong with the log.
  private func unread(_ error: DaybookError, _ partition: PartitionID, _ whom: String) {
    guard disk.faults.isEmpty, !disk.isDead else { return }
    violate("\(whom) can't read partition \(partition): \(error.message)")
  }

  /// Another process reads beside the owner.
  func lookBeside(_ partition: PartitionID) {
    do throws(DaybookError) {
      let folder = LogFolder(files: disk, path: StorageRun.folder)
      let reader = try SegmentLogReader(folder, TestScanner())
      look(reader, at: partition, "a reader beside")
    } catch {
      unread(error, partition, "a reader beside")
    }
  }

  /// Every event that is certain and visible is found by its stream and by its conversation.
  func check(_ reader: any SearchableLog, postingsOf partition: PartitionID) {
    let high = Int(reader.highWatermark(of: partition).rawValue)
    let model = models[partition.index]
    guard high <= model.certain.count else { return }
    let expected = model.certain.prefix(high).enumerated()
    do throws(DaybookError) {
      let stream = try reader.postings(
        partition, stream: 3, from: .none, through: Seq(UInt64.max), limit: .max)
      if stream.map(\.value) != expected.map(\.element.seq) {
        models[partition.index].violate("the stream's postings are not what is there")
      }
      let conversation = try reader.postings(
        partition, conversation: 6, before: nil, limit: 1000)
      let own = expected.filter { $0.element.conversation == 6 }.map { Int64($0.offset) }
      if conversation.map(\.offset.rawValue) != own.suffix(1000) {
        models[partition.index].violate("the conversation's postings are not what is there")
      }
    } catch {
      unread(error, partition, "who asks for postings")
    }
  }
}
