import DaybookModel
import DaybookSchema
import FoundationEssentials
import Ports
import SwiftProtobuf

/// How far somebody who follows the log has got, in all partitions.
struct FeedPositions: Sendable, Equatable {
  /// By partition: what comes next.
  private(set) var next: [Offset]

  subscript(partition: PartitionID) -> Offset {
    get { next[Int(partition.rawValue)] }
    set { next[Int(partition.rawValue)] = newValue }
  }

  init(_ next: [Offset]) { self.next = next }

  /// What `FollowReply.position` has.
  func token(of log: any LogFeed) -> Data {
    var position = Daybook_V1_FeedPosition()
    position.logID = log.logID
    position.branchID = log.branchID
    position.epoch = UInt64(log.epoch.rawValue)
    position.nextOffsets = next.map { UInt64($0.rawValue) }
    return (try? position.serializedBytes()) ?? Data()
  }

  /// Throws `invalid_request` for what is no position, `position_of_another` for one of another log or branch,
  /// `log_rolled_back` for one that this log has not reached (any more).
  init(token: Data, of log: any LogFeed) throws(DaybookError) {
    guard let position = try? Daybook_V1_FeedPosition(serializedBytes: token),
      !position.logID.isEmpty, position.nextOffsets.count == log.partitionCount,
      position.nextOffsets.allSatisfy({ $0 <= Int64.max })
    else {
      throw DaybookError(
        .invalidRequest, "this is no position of a feed: give the bytes of a reply's as they came")
    }
    guard position.logID == log.logID else {
      throw DaybookError(
        .positionOfAnother,
        "the position is of another log (\(PrintableText.quoted(position.logID))): begin at its start"
      )
    }
    guard position.branchID == log.branchID else {
      throw DaybookError(
        .positionOfAnother,
        "the position is of another copy of this log, which was restored since: begin at its start")
    }
    next = position.nextOffsets.map { Offset(Int64($0)) }
    for index in next.indices {
      let partition = PartitionID(index)
      let head = log.highWatermark(of: partition)
      guard next[index] <= head else {
        throw DaybookError(
          .logRolledBack,
          "partition \(partition) ends at offset \(head), but the position is at \(next[index]): the data folder "
            + "was rolled back")
      }
    }
  }
}
